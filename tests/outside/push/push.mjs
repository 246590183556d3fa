#!/usr/bin/env node
// Those who bring notifications on this machine are tried out with the libraries that the customers of the real
// ones use (npm `web-push`, `apns2`, `google-auth-library`, `expo-server-sdk`); when they take what those send, and
// nothing else, they judge what we send.
//
//   npm ci --prefix tests/outside/push
//   node tests/outside/push/push.mjs [--binary FILE]
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { createSecureServer } from "node:http2";
import { parseArgs } from "node:util";
import { ApnsClient, Notification } from "apns2";
import { JWT } from "google-auth-library";
import selfsigned from "selfsigned";
import { Pool } from "undici";
import webpush from "web-push";
import { ask, defaultBinary, start } from "../clients/program.mjs";

const { values } = parseArgs({ options: { binary: { type: "string", default: defaultBinary() } } });
const WAIT_MS = 20_000;
const sotto = await start(values.binary);
const { api, demo, pushes } = sotto;
// Where `expo-server-sdk` looks for the service, when it is loaded.
process.env.EXPO_BASE_URL = `${pushes}/expo`;
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
  // `fetch` counts for itself, and refuses to be told.
  const kept = Object.entries(headers).filter(([name]) => name.toLowerCase() !== "content-length");
  return fetch(url, { method: "POST", headers: Object.fromEntries(kept), body });
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

// What senders sign with, as the providers know it.
async function known(name, publicKey) {
  const told = await fetch(`${pushes}/keys/${encodeURIComponent(name)}`, { method: "PUT", body: publicKey });
  assert.equal(told.status, 204);
}
const uninstall = (token) => fetch(`${pushes}/devices/${encodeURIComponent(token)}`, { method: "DELETE" });
const pem = { publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } };
const apple = generateKeyPairSync("ec", { namedCurve: "prime256v1", ...pem });
const google = generateKeyPairSync("rsa", { modulusLength: 2048, ...pem });
const account = "push@shop.example";
const topic = "com.example.shop";
const phone = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";
await known("ABC123DEFG", apple.publicKey);
await known(account, google.publicKey);

{
  // Apple speaks HTTP/2 over TLS, and so does the library `apns2`: this stands in front, with a certificate of its own.
  const made = await selfsigned.generate([{ name: "commonName", value: "localhost" }], { algorithm: "sha256" });
  const front = createSecureServer({ key: made.private, cert: made.cert });
  let versions = new Set();
  front.on("stream", async (stream, headers) => {
    versions.add("2");
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const passed = Object.entries(headers).filter(([name]) => !name.startsWith(":"));
    const answer = await post(`${pushes}/apns${headers[":path"]}`, Buffer.concat(chunks), Object.fromEntries(passed));
    stream.respond({ ":status": answer.status, "content-type": "application/json" });
    stream.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((done) => front.listen(0, "127.0.0.1", done));
  const origin = `https://localhost:${front.address().port}`;
  const client = (signingKey, keyId) => {
    const own = new ApnsClient({ team: "DEF123GHIJ", keyId, signingKey, defaultTopic: topic, keepAlive: false });
    own.client = new Pool(origin, { allowH2: true, connect: { ca: made.cert } });
    return own;
  };
  const own = client(apple.privateKey, "ABC123DEFG");
  await own.send(new Notification(phone, { alert: "Hello", collapseId: "thread-1" }));
  const told = await until((push) => push.device === phone, "what apns2 sent");
  assert.equal(told.data.aps.alert, "Hello");
  assert.equal(told.headers["apns-collapse-id"], "thread-1");
  assert.deepEqual([...versions], ["2"]);
  const fails = async (sender, notification, reason) =>
    assert.rejects(sender.send(notification), (error) => error.reason === reason);
  await fails(client(generateKeyPairSync("ec", { namedCurve: "prime256v1", ...pem }).privateKey, "ABC123DEFG"),
    new Notification(phone, { alert: "x" }), "InvalidProviderToken");
  await fails(client(apple.privateKey, "ZZZ123DEFG"), new Notification(phone, { alert: "x" }), "InvalidProviderToken");
  await fails(own, new Notification("not-hex", { alert: "x" }), "BadDeviceToken");
  await fails(own, new Notification(phone, { alert: "x", topic: `${topic}.voip` }), "DeviceTokenNotForTopic");
  await fails(own, new Notification(phone, { alert: "x".repeat(5000) }), "PayloadTooLarge");
  await uninstall("aa11");
  await fails(own, new Notification("aa11", { alert: "x" }), "Unregistered");
  front.close();
  console.log("Apple's service takes what apns2 sends, over HTTP/2, and nothing that it may not");
}

{
  const scopes = ["https://www.googleapis.com/auth/firebase.messaging"];
  const client = (key) => {
    const own = new JWT({ email: account, key, scopes });
    // The library knows one address to ask for a token at.
    const request = own.transporter.request.bind(own.transporter);
    own.transporter.request = (options) => {
      const url = String(options.url).replace("https://oauth2.googleapis.com", `${pushes}/fcm`);
      return request({ ...options, url });
    };
    return own;
  };
  const url = `${pushes}/fcm/v1/projects/shop-4711/messages:send`;
  const send = (own, message) => own.request({ url, method: "POST", data: { message }, retry: false });
  const own = client(google.privateKey);
  const sent = await send(own, { token: "android-1", notification: { title: "Hello" }, data: { seq: "1" } });
  assert.match(sent.data.name, /^projects\/shop-4711\/messages\//);
  const told = await until((push) => push.device === "android-1", "what google-auth-library sent");
  assert.deepEqual(told.data, { notification: { title: "Hello" }, data: { seq: "1" } });
  const status = async (promise, expected) => assert.rejects(promise, (error) => error.status === expected);
  await status(send(own, { token: "android-1", data: { seq: 1 } }), 400);
  await status(send(own, { token: "android-1", colour: "red" }), 400);
  await uninstall("android-2");
  await status(send(own, { token: "android-2" }), 404);
  const other = generateKeyPairSync("rsa", { modulusLength: 2048, ...pem });
  await status(send(client(other.privateKey), { token: "android-1" }), 400);
  const without = await post(url, JSON.stringify({ message: { token: "android-1" } }));
  assert.equal(without.status, 401);
  console.log("Firebase's service takes what google-auth-library asks and sends, and nothing that it may not");
}

{
  const { Expo } = await import("expo-server-sdk");
  const expo = new Expo();
  const token = "ExponentPushToken[abcdefghijklmnopqrstuv]";
  const [ticket] = await expo.sendPushNotificationsAsync([{ to: token, title: "Hello", data: { seq: 1 } }]);
  assert.equal(ticket.status, "ok");
  const told = await until((push) => push.device === token, "what expo-server-sdk sent");
  assert.deepEqual(told.data, { title: "Hello", data: { seq: 1 } });
  const receipts = await expo.getPushNotificationReceiptsAsync([ticket.id]);
  assert.equal(receipts[ticket.id].status, "ok");
  await uninstall(token);
  const [gone] = await expo.sendPushNotificationsAsync([{ to: token, title: "Hello" }]);
  assert.equal(gone.details.error, "DeviceNotRegistered");
  console.log("Expo's service takes what expo-server-sdk sends, and says who is gone");
}

{
  await member("PUT", "/push/apns", {
    team_id: "DEF123GHIJ", key_id: "ABC123DEFG", private_key: apple.privateKey, topics: [topic],
  });
  await member("PUT", "/push/fcm", { project_id: "shop-4711", client_email: account, private_key: google.privateKey });
  await member("PUT", "/push/expo", {});
  const devices = [
    { provider: "apns", token: phone.replace("00", "11"), topic },
    { provider: "fcm", token: "android-3" },
    { provider: "expo", token: "ExponentPushToken[ours]" },
  ];
  for (const device of devices) {
    const { id } = await member("POST", "/devices", device);
    await member("POST", `/devices/${id}/test`);
    const told = await until((push) => push.device === device.token, `our test by ${device.provider}`);
    const data = device.provider === "apns" ? told.data : told.data.data;
    assert.equal(data.event, "test");
  }
  console.log("all three take what we send");
}

assert.equal(await sotto.stop(), 0);
process.exit(0);
