#!/usr/bin/env node
// Many calls at once, by a client that knows docs/calls-protocol.md and no WebRTC: every frame is sent
// twice and out of order, sockets are cut in the middle, and at the end no call has lost its state or
// heard a word of another one.
//
//   node --experimental-websocket tests/outside/clients/calls.mjs [--calls N] [--binary FILE]
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { parseArgs } from "node:util";
import { ask, defaultBinary, start } from "./program.mjs";

const { values } = parseArgs({ options: { binary: { type: "string", default: defaultBinary() }, calls: { type: "string", default: "200" } } });
const CALLS = Number(values.calls);
const FRAMES = 8;
const PATIENCE_MS = 60_000;
const SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=fingerprint:sha-256 AA:BB\r\n";

const program = await start(values.binary);
const { api, demo } = program;
const began = Date.now();
const token = demo.member_token;
const workspace = await ask(api, "POST", "/v1/workspaces", token, { name: "Calls", profile: "calls", member_name: "Ada" });
const app = await ask(api, "POST", `/v1/workspaces/${workspace.id}/apps`, token, { name: "Site", platform: "web", origins: ["https://www.example.com"], identity: "off" });
const calls = `/v1/workspaces/${workspace.id}/calls`;

/** A call from a network of its own: so many guests behind one address would be told to wait. */
const askFrom = (network, path, token, body) => new Promise((done, failed) => {
  const headers = { "content-type": "application/json", origin: "https://www.example.com", ...(token && { authorization: `Bearer ${token}` }) };
  const sent = request(api + path, { method: "POST", headers, localAddress: `127.0.${1 + (network % 250)}.1` }, (answer) => {
    let text = "";
    answer.on("data", (more) => (text += more)).on("end", () => (answer.statusCode < 300 ? done(JSON.parse(text)) : failed(new Error(`${path}: ${answer.statusCode} ${text}`))));
  });
  sent.on("error", failed).end(JSON.stringify(body));
});

/** The socket of a device in a call. */
class Device {
  heard = [];
  waiting = new Set();
  constructor(call, path, bearer) { Object.assign(this, { call, path, bearer }); }

  /** Through another socket when one does not open, as the page does: a machine that is busy has no time for all. */
  async join(joinToken) {
    for (let tries = 1; ; tries++) {
      try { return await this.enter(tries === 1 ? joinToken : undefined); } catch (error) {
        if (tries === 5) throw error instanceof Error ? error : new Error(`${this.call}: no socket opened`);
        await new Promise((done) => setTimeout(done, 500 * tries));
      }
    }
  }

  async enter(joinToken) {
    const pass = joinToken ?? (await ask(api, "POST", `${this.path}/join-token`, this.bearer)).join_token;
    const { socket } = await ask(api, "POST", "/v1/calls/join", pass);
    this.socket = new WebSocket(socket.url);
    this.socket.addEventListener("message", ({ data }) => {
      this.heard.push(JSON.parse(data));
      for (const look of this.waiting) look();
    });
    await new Promise((done, failed) => { this.socket.addEventListener("open", done, { once: true }); this.socket.addEventListener("error", failed, { once: true }); });
    const count = this.heard.length;
    this.say(this.hello ? "call.resume" : "call.hello", this.hello ? { resume_key: this.hello.resume_key, epoch: this.hello.epoch } : {});
    this.hello = await this.hears((frame) => frame.t === "call.hello", count);
    // Whoever is silent for long is lost.
    this.alive ??= setInterval(() => { if (this.socket.readyState === 1) this.say("call.alive", { connected: true }); }, this.hello.alive_seconds * 1000);
  }

  say(t, more = {}) { this.socket.send(JSON.stringify({ t, call: this.call, ...more })); }

  async hears(fits, from = 0, patience = PATIENCE_MS) {
    return new Promise((done, failed) => {
      let timer;
      const end = (settle, value) => { clearTimeout(timer); this.waiting.delete(look); settle(value); };
      const look = () => { const at = this.heard.findIndex((frame, at) => at >= from && fits(frame)); if (at >= 0) end(done, this.heard[at]); };
      timer = setTimeout(() => end(failed, new Error(`${this.call}: not heard; heard ${JSON.stringify(this.heard.slice(-3))}`)), patience);
      this.waiting.add(look);
      look();
    });
  }

  /** Descriptions and candidates, each twice, the later ones first. */
  signals() {
    const { epoch } = this.hello;
    this.say("call.sdp", { epoch, n: 1, kind: "offer", sdp: SDP });
    this.say("call.sdp", { epoch, n: 1, kind: "offer", sdp: SDP });
    for (let n = FRAMES; n > 1; n--) for (let twice = 0; twice < 2; twice++) {
      this.say("call.ice", { epoch, n, candidates: [{ candidate: `candidate:${n} 1 udp 1 192.0.2.1 9 typ host ${this.call}`, mid: "0" }] });
    }
  }

  /** What the other side said: all of it, nothing of another call. */
  async heardAll() {
    for (let n = 1; n <= FRAMES; n++) await this.hears((frame) => frame.n === n, 0, 20_000);
    for (const frame of this.heard) assert.ok(!frame.call || frame.call === this.call, JSON.stringify(frame));
    for (const { candidates = [] } of this.heard) for (const { candidate } of candidates) assert.ok(candidate.endsWith(this.call), candidate);
  }
}

async function begin(place) {
  const guest = await askFrom(place, "/v1/guest/sessions", null, { app_key: app.public_key });
  const body = { kind: "audio", client_id: randomUUID() };
  // Every call of a client may be repeated.
  await askFrom(place, "/v1/guest/calls", guest.guest_token, body);
  const begun = await askFrom(place, "/v1/guest/calls", guest.guest_token, body);
  const id = begun.call.id;
  const far = new Device(id, `/v1/guest/calls/${id}`, guest.guest_token);
  await far.join(begun.join.join_token);
  for (let twice = 0; twice < 2; twice++) await ask(api, "POST", `${calls}/${id}/accept`, token);
  const near = new Device(id, `${calls}/${id}`, token);
  await near.join();
  near.say("call.alive", { connected: true });
  await near.hears((frame) => frame.t === "call.state" && frame.state === "active");
  return { id, far, near };
}

// Five may ring at once: each is taken before the next.
const pairs = [];
const lanes = Array.from({ length: 4 }, async () => { while (pairs.length < CALLS) { const place = pairs.push(undefined) - 1; pairs[place] = await begin(place); } });
await Promise.all(lanes);
console.log(`${pairs.length} calls were taken in ${Date.now() - began} ms`);

const signalled = Date.now();
const waiting = [...pairs.entries()];
await Promise.all(Array.from({ length: 10 }, async () => { for (let next; (next = waiting.shift()); ) await talk(next[1], next[0]); }));
console.log(`${pairs.length * 2 * FRAMES * 2} frames went through and arrived in ${Date.now() - signalled} ms`);

/** Both sides signal at once, ten calls at a time: more than that is a test of this machine. */
async function talk({ far, near }, at) {
  // A frame may be lost, on a machine that is busy: then it is said again.
  for (let tries = 1; ; tries++) {
    for (const device of [far, near]) device.signals();
    try { await Promise.all([far.heardAll(), near.heardAll()]); break; } catch (error) { if (tries === 3) throw error; }
  }
  // Every fourth device loses its socket and comes back.
  if (at % 4 === 0) { far.socket.close(); await far.join(); await near.hears((frame) => frame.t === "call.back"); }
}

const open = [];
for (let cursor = ""; ; ) {
  const page = await ask(api, "GET", `${calls}?state=open&limit=100${cursor && `&cursor=${cursor}`}`, token);
  open.push(...page.data);
  if (!page.page.has_more) break;
  cursor = encodeURIComponent(page.page.next_cursor);
}
assert.deepEqual(open.map(({ id }) => id).sort(), pairs.map(({ id }) => id).sort(), "a call was lost");
assert.ok(open.every(({ state }) => state === "active"), "a call lost its state");
await Promise.all(pairs.map(async ({ far, near, id }) => {
  far.say("call.end");
  await near.hears((frame) => frame.t === "call.changed" && frame.state === "ended");
  assert.equal((await ask(api, "GET", `${calls}/${id}`, token)).reason, "completed");
}));
assert.equal(await program.stop(), 0);
console.log(`${CALLS} calls at once: passed in ${Date.now() - began} ms`);
process.exit(0);
