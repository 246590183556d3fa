#!/usr/bin/env node
// A service of a customer checks what it is told with the library of Standard Webhooks (npm
// `standardwebhooks`), and refuses some of it.
//
//   npm ci --prefix tests/outside/webhooks
//   node tests/outside/webhooks/webhooks.mjs [--binary FILE]
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { Webhook } from "standardwebhooks";
import { ask, defaultBinary, start } from "../clients/program.mjs";

const { values } = parseArgs({ options: { binary: { type: "string", default: defaultBinary() } } });
const WAIT_MS = 20_000;

// The judge first: an example of its own, signed by itself, is good, and an altered one is not.
const example = new Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
const now = new Date();
const headers = (id, signature) => ({
  "webhook-id": id,
  "webhook-timestamp": String(Math.floor(now / 1000)),
  "webhook-signature": signature,
});
const signed = headers("msg_1", example.sign("msg_1", now, '{"a":1}'));
assert.deepEqual(example.verify('{"a":1}', signed), { a: 1 });
assert.throws(() => example.verify('{"a":2}', signed));

const sotto = await start(values.binary);
const { api, demo } = sotto;
const place = `/v1/workspaces/${demo.workspace_id}/webhooks`;

const told = [];
let refuse = 0;
const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const status = refuse > 0 ? 500 : 204;
  refuse -= 1;
  told.push({ headers: request.headers, body: Buffer.concat(chunks).toString(), status });
  response.writeHead(status).end();
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const url = `http://127.0.0.1:${server.address().port}/hooks`;

async function until(fits, what) {
  const end = Date.now() + WAIT_MS;
  while (Date.now() < end) {
    const found = told.find(fits);
    if (found) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${what} was not told; told were ${told.map((one) => one.body).join("\n")}`);
}
const event = (one) => JSON.parse(one.body).type;

const made = await ask(api, "POST", place, demo.member_token, {
  name: "Shop server",
  url,
  events: ["message.created"],
});
const hook = `${place}/${made.id}`;
await ask(api, "POST", `${hook}/test`, demo.member_token);
const test = await until((one) => event(one) === "webhook.test", "the test");
const judge = new Webhook(made.secret);
assert.equal(judge.verify(test.body, test.headers).data.workspace_id, demo.workspace_id);
const altered = test.body.replace("webhook.test", "webhook.tost");
assert.throws(() => judge.verify(altered, test.headers));
assert.throws(() => judge.verify(test.body, { ...test.headers, "webhook-id": "evt_other" }));
assert.throws(() => new Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").verify(test.body, test.headers));
console.log("standardwebhooks takes what we sign, and nothing that was altered");

// During an overlap the old secret and the new one both do.
const rotated = await ask(api, "POST", `${hook}/secret`, demo.member_token, { overlap_hours: 1 }, { "if-match": '"1"' });
assert.notEqual(rotated.secret, made.secret);
told.length = 0;
await ask(api, "POST", `${hook}/test`, demo.member_token);
const both = await until((one) => event(one) === "webhook.test", "the second test");
new Webhook(made.secret).verify(both.body, both.headers);
new Webhook(rotated.secret).verify(both.body, both.headers);
console.log("both secrets do while one takes over from the other");

// What was refused is in the log, and is told again under the same id when somebody asks for it.
refuse = 1;
told.length = 0;
await ask(api, "POST", `${hook}/test`, demo.member_token);
const refused = await until((one) => one.status === 500, "a refused test");
new Webhook(rotated.secret).verify(refused.body, refused.headers);
const end = Date.now() + WAIT_MS;
for (;;) {
  const log = await ask(api, "GET", `${hook}/deliveries`, demo.member_token);
  const found = log.data.find((one) => one.id === refused.headers["webhook-id"]);
  if (found?.attempts === 1) {
    assert.equal(found.answer, 500);
    assert.notEqual(found.next_attempt_at, null);
    break;
  }
  assert(Date.now() < end, "the log does not say so");
  await new Promise((done) => setTimeout(done, 50));
}
console.log("what was refused waits for its next attempt");

// What somebody asks about their data is told by its id, and nothing that they said.
// Another endpoint: one that failed is left to the schedule.
const events = ["privacy_request.created", "privacy_request.updated"];
const other = await ask(api, "POST", place, demo.member_token, { name: "Privacy desk", url, events });
const from = { origin: demo.origin };
const visit = await ask(api, "POST", "/v1/widget/sessions", undefined, { app_key: demo.app_key }, from);
const question = { type: "question", message: "What do you know of a canary?" };
const asked = await ask(api, "POST", "/v1/widget/privacy/requests", visit.session_token, question, from);
const request = await until((one) => event(one) === "privacy_request.created", "a request");
const said = new Webhook(other.secret).verify(request.body, request.headers).data;
assert.deepEqual(said, { workspace_id: demo.workspace_id, privacy_request_id: asked.id });
console.log("a request about somebody's data is told by its id");

server.close();
assert.equal(await sotto.stop(), 0);
process.exit(0);
