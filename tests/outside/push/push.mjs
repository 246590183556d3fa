#!/usr/bin/env node
// Those who bring notifications on this machine are tried out with the libraries that the customers of the real
// ones use (npm `web-push`); when they take what those send, and nothing else, they judge what we send.
//
//   npm ci --prefix tests/outside/push
//   node tests/outside/push/push.mjs [--binary FILE]
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import webpush from "web-push";
import { ask, defaultBinary, start } from "../clients/program.mjs";

const { values } = parseArgs({ options: { binary: { type: "string", default: defaultBinary() } } });
const WAIT_MS = 20_000;
const sotto = await start(values.binary);
const { api, demo, pushes } = sotto;
const place = `/v1/workspaces/${demo.workspace_id}`;
const member = (method, path, body) => ask(api, method, `${place}${path}`, demo.member_token, body);

const brought = async () => (await ask(api, "GET", "/pushes.json")).data;
async function until(fits, what) {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const found = (await brought()).find(fits);
    if (found) return found;
    assert(Date.now() < end, `${what} was not brought`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
async function post(url, body, headers = { "content-type": "application/json" }) {
  return fetch(url, { method: "POST", headers, body });
}

// A browser, as `PushManager.subscribe` makes one.
async function browser(applicationServerKey) {
  const made = await post(`${pushes}/webpush/browsers`, JSON.stringify({ applicationServerKey }));
  assert.equal(made.status, 201);
  const subscription = await made.json();
  return { subscription, name: subscription.endpoint.split("/").at(-1) };
}

// The library `web-push`, whose own request needs TLS: it says what is to be sent, and that is sent.
const own = webpush.generateVAPIDKeys();
const vapidDetails = { subject: "mailto:push@shop.example", publicKey: own.publicKey, privateKey: own.privateKey };
async function send({ subscription }, text, options = {}, change = (request) => request) {
  const details = { TTL: 60, contentEncoding: "aes128gcm", vapidDetails, ...options };
  const request = change(webpush.generateRequestDetails(subscription, text, details));
  return (await post(request.endpoint, request.body, request.headers)).status;
}

{
  const one = await browser(own.publicKey);
  assert.equal(await send(one, "Grüße", { topic: "thread-1", urgency: "high" }), 201);
  const told = await until((push) => push.device === one.name, "what web-push sent");
  assert.equal(told.data, "Grüße");
  assert.deepEqual(told.headers, { topic: "thread-1", ttl: "60", urgency: "high" });
  const without = (name) => (request) => {
    delete request.headers[name];
    return request;
  };
  assert.equal(await send(one, "x", {}, without("Authorization")), 401);
  assert.equal(await send(one, "x", {}, without("TTL")), 400);
  assert.equal(await send(one, "x", {}, without("Content-Encoding")), 400);
  const other = webpush.generateVAPIDKeys();
  const foreign = { ...vapidDetails, publicKey: other.publicKey, privateKey: other.privateKey };
  assert.equal(await send(one, "x", { vapidDetails: foreign }), 403);
  const mixed = { ...vapidDetails, privateKey: other.privateKey };
  assert.equal(await send(one, "x", { vapidDetails: mixed }), 401);
  const altered = (request) => {
    request.body[request.body.length - 1] ^= 1;
    return request;
  };
  assert.equal(await send(one, "x", {}, altered), 400);
  const elsewhere = { subscription: { ...one.subscription, endpoint: `${pushes}/webpush/nobody` } };
  assert.equal(await send(elsewhere, "x"), 404);
  await fetch(`${pushes}/webpush/browsers/${one.name}`, { method: "DELETE" });
  assert.equal(await send(one, "x"), 410);
  assert.equal((await brought()).length, 1);
  console.log("the push service of browsers takes what web-push sends, and nothing that was altered");
}

{
  const sender = await member("PUT", "/push/webpush", { contact: "mailto:push@shop.example" });
  const one = await browser(sender.public_key);
  const device = await member("POST", "/devices", { provider: "webpush", subscription: one.subscription });
  await member("POST", `/devices/${device.id}/test`);
  const told = await until((push) => push.device === one.name, "our test");
  assert.equal(told.data.event, "test");
  assert.equal(told.data.workspace_id, demo.workspace_id);
  // A browser that is gone is forgotten.
  await fetch(`${pushes}/webpush/browsers/${one.name}`, { method: "DELETE" });
  await member("POST", `/devices/${device.id}/test`);
  const end = Date.now() + WAIT_MS;
  while ((await member("GET", "/devices")).data.length > 0) {
    assert(Date.now() < end, "a browser that is gone is still told things");
    await new Promise((done) => setTimeout(done, 50));
  }
  console.log("a browser reads what we send, and is forgotten when it is gone");
}

assert.equal(await sotto.stop(), 0);
process.exit(0);
