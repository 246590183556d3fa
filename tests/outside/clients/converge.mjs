#!/usr/bin/env node
// Two clients exchange messages while half of all frames are dropped, sockets are cut, answers are
// lost and sends are doubled. At the end both, and a third one that never had a socket, hold the
// same transcript: without a gap, every message exactly once, nothing unread.
//
//   node --experimental-websocket tests/outside/clients/converge.mjs [--messages N] [--seed N] [--binary FILE]
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { Sotto } from "../../../web/client/sotto.js";
import { Network, dice } from "./faults.mjs";
import { ask, defaultBinary, member, start, visitor } from "./program.mjs";

const { values } = parseArgs({
  options: {
    binary: { type: "string", default: defaultBinary() },
    messages: { type: "string", default: "1000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 32)) },
    seconds: { type: "string", default: "170" },
  },
});
const count = Number(values.messages);
const roll = dice(Number(values.seed));
const began = Date.now();
const seconds = () => ((Date.now() - began) / 1000).toFixed(1);
console.log(`${count} messages, seed ${values.seed}`);
setTimeout(() => {
  console.error(`FAULT not done after ${values.seconds} s`);
  for (const { name, sotto } of clients) {
    const { length } = sotto.messages(id);
    console.error(`  ${name}: ${length} messages, ${sotto.pending.length} unsent, ${sotto.live ? "live" : "polling"}`);
  }
  process.exit(1);
}, Number(values.seconds) * 1000).unref();

// The client's own rhythm, faster: a laptop answers in milliseconds, and CI does not wait.
const timing = {
  retry_ms: 40, retry_most_ms: 1000, poll_ms: 1000, quiet_ms: 3000, tick_ms: 500, ping_ms: 2000, drain_ms: 200,
};
const program = await start(values.binary);
const clients = [];
let id;

/** A client that marks as read what it gets, and resolves `until` when something holds. */
function client(name, options) {
  const waiting = new Set();
  const on = (happening) => {
    if (happening.type === "problem") console.error(`${name}: ${happening.error?.stack ?? happening.error}`);
    if (happening.type === "messages") sotto.markRead(happening.id).catch(() => {});
    for (const check of [...waiting]) check();
  };
  const sotto = new Sotto({ timing, on, ...options });
  const until = (holds) =>
    new Promise((done) => {
      const check = () => {
        if (!holds(sotto)) return;
        waiting.delete(check);
        done();
      };
      waiting.add(check);
      check();
    });
  sotto.start();
  const made = { name, sotto, until };
  clients.push(made);
  return made;
}

const networks = [new Network(roll), new Network(roll)];
const faulty = (network) => ({ fetch: network.fetch, WebSocket: network.WebSocket });
const customer = client("visitor", { ...(await visitor(program)), ...faulty(networks[0]) });
const agent = client("member", { ...member(program), ...faulty(networks[1]) });
// The same member on another device, without any socket.
const watcher = client("watcher", { ...member(program), WebSocket: null });

const first = await customer.sotto.begin("visitor 0");
id = first.conversation.id;
await Promise.all([agent, watcher].map(({ until }) => until((sotto) => sotto.known.has(id))));
await Promise.all(clients.map(({ sotto }) => sotto.open(id)));
console.log(`${seconds()} s: a conversation that everybody sees`);

/** Sends `numbers` as people do: some one by one, some without waiting for the last one. */
async function write({ name, sotto }, numbers) {
  const sent = [];
  for (const number of numbers) {
    // Each answers the first one.
    const one = sotto.send(id, `${name} ${number}`, "text", 1);
    sent.push(one);
    if (roll() < 0.7) await one;
    if (sent.length % 100 === 0) console.log(`${seconds()} s: ${name} has sent ${sent.length}`);
  }
  return Promise.all(sent);
}

const numbers = (from, to) => Array.from({ length: to - from }, (_, at) => from + at);
const half = count / 2;
const [fromCustomer, fromAgent] = await Promise.all([
  write(customer, numbers(1, half)),
  write(agent, numbers(0, half)),
]);
console.log(`${seconds()} s: all is acknowledged`);
const complete = (sotto) => {
  const { seq, unread } = sotto.head(id) ?? {};
  return sotto.messages(id).length >= count && seq >= count && unread === 0;
};
await Promise.all(clients.map(({ until }) => until(complete)));
console.log(`${seconds()} s: all have everything`);

// One more that begins now and reads back page by page.
const newcomer = client("newcomer", member(program));
await newcomer.sotto.open(id);
while (await newcomer.sotto.earlier(id));

const transcripts = clients.map(({ sotto }) => sotto.messages(id));
for (const transcript of transcripts) assert.deepEqual(transcript, transcripts[0], "transcripts differ");
const [transcript] = transcripts;
assert.deepEqual(transcript.map(({ seq }) => seq), numbers(1, count + 1), "numbers have a gap");
assert.equal(new Set(transcript.map((message) => message.id)).size, count, "an id stands there twice");
assert.equal(new Set(transcript.map((message) => message.client_message_id)).size, count, "a message stands there twice");
assert.ok(transcript.slice(1).every((message) => message.reply_to_seq === 1), "a message does not say what it answers");
for (const [side, acknowledged] of [["visitor", [first.message, ...fromCustomer]], ["member", fromAgent]]) {
  const written = transcript.filter(({ author }) => author.type === side);
  assert.deepEqual(written.map(({ text }) => text), numbers(0, half).map((number) => `${side} ${number}`), `what the ${side} wrote`);
  assert.deepEqual(written, acknowledged, `what the ${side} was told differs from what is there`);
}

// From the side, without any of the clients' code.
const side = member(program);
const path = `/v1/workspaces/${program.demo.workspace_id}/conversations/${id}`;
const head = await ask(program.api, "GET", path, await side.token(false));
assert.deepEqual([head.seq, head.unread], [count, 0], "seq and unread at the member's");
for (const { name, sotto } of clients) {
  assert.deepEqual([sotto.head(id).seq, sotto.head(id).unread, sotto.pending], [count, 0, []], `the end at the ${name}'s`);
}

// Some of it is changed or taken back, on the same network: everybody learns that as well.
const subjects = transcript.filter(({ author }) => author.type === "member").slice(0, 20);
await Promise.all(
  subjects.map(({ seq }, at) => {
    const place = `/conversations/${id}/messages/${seq}`;
    if (at % 2 === 0) return agent.sotto.call("DELETE", place);
    return agent.sotto.call("PATCH", place, { text: `changed ${seq}` });
  }),
);
const after = await ask(program.api, "GET", path, await side.token(false));
assert.ok(after.seq >= count + subjects.length, "each change is a line of its own");
await Promise.all(clients.map(({ until }) => until((sotto) => sotto.messages(id).at(-1).seq >= after.seq)));
for (const { name, sotto } of clients) {
  assert.deepEqual(sotto.messages(id), clients[0].sotto.messages(id), `the ${name}'s transcript after the changes`);
  for (const [at, { seq }] of subjects.entries()) {
    assert.equal(sotto.messages(id)[seq - 1].text, at % 2 === 0 ? null : `changed ${seq}`, `message ${seq} at the ${name}'s`);
  }
}
console.log(`${seconds()} s: ${subjects.length} messages were changed or deleted, and all know`);

// A network without faults would have proved nothing.
for (const { counts } of networks) {
  console.log(`  ${Object.entries(counts).map(([what, many]) => `${many} ${what}`).join(", ")}`);
  assert.ok(counts.dropped > counts.frames * 0.4 && counts.dropped >= count / 10, "too few frames were dropped");
  assert.ok(counts.cut >= count / 400 && counts.doubled >= count / 10 && counts.unanswered >= count / 20, "too little went wrong");
}
for (const { sotto } of clients) sotto.stop();
assert.equal(await program.stop(), 0, "the exit status after Ctrl-C");
console.log(`${seconds()} s: ${count} messages, each exactly once and in the same order at ${clients.length} clients`);
process.exit(0);
