#!/usr/bin/env node
// Calls of an app that wants a relay, through coturn on this machine: two browsers find each other through it
// and through nothing else, and neither learns where the other one is. Credentials that are over, or that
// another secret made, lead nowhere.
//
//   node tests/outside/pages/relay.mjs --chromium FILE [--turnserver FILE] [--binary FILE] [--pictures FOLDER]
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { connect, createServer } from "node:net";
import { parseArgs } from "node:util";
import { ask, defaultBinary, start } from "../clients/program.mjs";
import { stage, state } from "./stage.mjs";

const { values } = parseArgs({
  options: {
    binary: { type: "string", default: defaultBinary() },
    chromium: { type: "string" },
    pictures: { type: "string" },
    turnserver: { type: "string", default: "turnserver" },
  },
});
/** What a call has to find its way, and a knock after it. */
const NO_WAY_MS = 60_000;

const secret = randomBytes(24).toString("hex");
const port = await new Promise((done) => {
  const server = createServer().listen(0, "127.0.0.1", () => { const { port } = server.address(); server.close(() => done(port)); });
});

/** coturn on loopback, as docs/calls.md sets one up, but for peers on loopback, which a real one denies. */
const relay = spawn(values.turnserver, [
  "-n", "--no-cli", "--no-tls", "--no-dtls", "--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1",
  "--listening-port", String(port), "--use-auth-secret", "--static-auth-secret", secret, "--realm", "calls",
  "--allow-loopback-peers", "--no-multicast-peers", "--fingerprint", "--pidfile", "/dev/null",
  "--log-file", "stdout", "--simple-log", "--verbose",
], { stdio: ["ignore", "pipe", "pipe"] });
let log = "";
for (const pipe of [relay.stdout, relay.stderr]) pipe.on("data", (more) => (log += more));
relay.on("error", (error) => { console.error(String(error)); process.exit(1); });
process.on("exit", (status) => { relay.kill("SIGKILL"); if (status !== 0) console.error(log.slice(-3000)); });
for (let tries = 0; ; tries++) {
  const open = await new Promise((done) => { const socket = connect(port, "127.0.0.1", () => { socket.destroy(); done(true); }).on("error", () => done(false)); });
  if (open) break;
  assert.ok(tries < 100, "coturn does not listen");
  await new Promise((done) => setTimeout(done, 100));
}
const refused = () => (log.match(/error 401/g) ?? []).length;
const allocated = () => (log.match(/ALLOCATE processed, success/g) ?? []).length;

const program = await start(values.binary, ["--relay", `turn:127.0.0.1:${port}?transport=udp`], { TURN_SECRET: secret });
const { api, demo } = program;
const { arrive, desk: open, faults, flows, picture, until, close } = await stage(values.chromium, api, values.pictures);

const workspace = await ask(api, "POST", "/v1/workspaces", demo.member_token, { name: "Calls", profile: "calls", member_name: "Ada" });
const place = `/v1/workspaces/${workspace.id}`;
const app = await ask(api, "POST", `${place}/apps`, demo.member_token, { name: "Site", platform: "web", origins: [api], identity: "off" });
await ask(api, "PATCH", `${place}/apps/${app.id}`, demo.member_token, { relay_only: true });
const desk = await open(workspace.id, demo.member_token);

/** A guest who calls, and whose call was taken. `make` makes other credentials out of good ones. */
async function call(make) {
  const before = make && (async (page) => {
    const other = async (route) => {
      const answer = await route.fetch();
      const body = await answer.json();
      for (const server of (body.ice ?? body).servers ?? []) if (server.username) Object.assign(server, make(server));
      await route.fulfill({ response: answer, json: body });
    };
    await page.route("**/v1/calls/join", other);
    await page.route("**/v1/guest/calls/*/ice", other);
  });
  const guest = await arrive(`/call#${app.public_key}`, { before });
  await guest.page.getByRole("button", { name: "Call", exact: true }).click();
  await until("ringing", async () => (await state(guest.page)) === "Ringing");
  await desk.page.getByRole("button", { name: "Take the call" }).click();
  return guest;
}

/** The ways that are used, and all that a page knows of the other one. */
const ways = (page) => page.evaluate(async () => {
  const peer = window.sotto.line().peer;
  const stats = await peer.getStats();
  const pairs = [...stats.values()].filter((one) => one.type === "candidate-pair" && one.nominated && one.state === "succeeded");
  return {
    used: pairs.flatMap((pair) => [pair.localCandidateId, pair.remoteCandidateId]).map((id) => stats.get(id).candidateType),
    known: [...peer.remoteDescription.sdp.matchAll(/^a=candidate:.*$/gm)].map(([line]) => line),
    told: peer.remoteDescription.sdp.match(/^(?:o|c)=.*$/gm),
  };
});

const guest = await call();
for (const { page } of [guest, desk]) {
  await until("a connection", async () => (await state(page)) === "Connected");
  await flows(page);
  const { used, known, told } = await ways(page);
  assert.ok(used.length >= 2 && used.every((kind) => kind === "relay" || kind === "prflx"), JSON.stringify(used));
  assert.ok(used.includes("relay"), JSON.stringify(used));
  for (const way of known) assert.match(way, / 127\.0\.0\.1 \d+ typ relay raddr (0\.0\.0\.0|::) rport 9/, way);
  for (const line of told) assert.match(line, / (0\.0\.0\.0|127\.0\.0\.1|::)$/, line);
}
for (const { page } of [guest, desk]) await until("a quality", async () => (await page.locator("#quality").textContent()) === "Good connection");
assert.ok(allocated() >= 2, "coturn gave nobody a place");
await picture(desk.page, "relayed");
await guest.page.getByRole("button", { name: "Hang up" }).click();
for (const { page } of [guest, desk]) await until("the end", async () => (await state(page)) === "The call is over");
const calls = `${place}/calls`;
const [last] = (await ask(api, "GET", calls, demo.member_token)).data;
const quality = await until("figures of both sides", async () => {
  const { quality } = await ask(api, "GET", `${calls}/${last.id}`, demo.member_token);
  return quality.length === 2 && quality;
});
for (const one of quality) assert.equal(one.counted.relayed, true, JSON.stringify(one));
console.log("two browsers spoke through coturn, and neither knows where the other one is");

const proof = (key, name) => createHmac("sha1", key).update(name).digest("base64");
const bad = {
  "credentials that are over": ({ username }) => {
    const over = username.replace(/^\d+/, String(Math.floor(Date.now() / 1000) - 60));
    return { username: over, credential: proof(secret, over) };
  },
  "credentials of another secret": ({ username }) => ({ credential: proof("another", username) }),
};
for (const [what, make] of Object.entries(bad)) {
  const before = refused();
  const other = await call(make);
  await until(`the end with ${what}`, async () => (await state(other.page)) === "The call is over", NO_WAY_MS);
  assert.equal(await other.page.locator("#said").textContent(), "The two devices found no way to each other.");
  const [failed] = (await ask(api, "GET", calls, demo.member_token)).data;
  assert.deepEqual([failed.reason, failed.connected_at], ["failed_ice", null], what);
  assert.ok(refused() > before + 1, `coturn took ${what}`);
  await until("the desk", async () => (await state(desk.page)) === "The call is over", NO_WAY_MS);
  await other.context.close();
  console.log(`${what} lead nowhere`);
}

assert.deepEqual(faults, []);
await close();
assert.equal(await program.stop(), 0);
relay.kill();
console.log("calls through a relay: passed");
process.exit(0);
