#!/usr/bin/env node
// Stripe's own library (npm `stripe`) drives the stand-in, and signs what our webhook takes: a plan is bought,
// billed, ended, and asked about, on a laptop.
//
//   npm ci --prefix tests/outside/stripe
//   node tests/outside/stripe/stripe.mjs [--binary FILE]
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import Stripe from "stripe";
import { ask, defaultBinary, start } from "../clients/program.mjs";

const { values } = parseArgs({ options: { binary: { type: "string", default: defaultBinary() } } });
const plans = fileURLToPath(new URL("plans.json", import.meta.url));
const program = await start(values.binary, ["--plans", plans]);
const { api, demo } = program;
const place = `/v1/workspaces/${demo.workspace_id}/billing`;
const show = () => ask(api, "GET", place, demo.member_token);
const at = new URL(program.stripe.url);
const stripe = new Stripe(program.stripe.secret_key, {
  host: at.hostname,
  port: at.port,
  protocol: "http",
  telemetry: false,
});

// A checkout that we begin is one that Stripe's library knows.
assert.equal((await show()).plan, "free");
const page = await ask(api, "POST", `${place}/checkout`, demo.member_token, { plan: "team", seats: 4 });
const session = await stripe.checkout.sessions.retrieve(page.url.split("/").at(-1));
assert.equal(session.client_reference_id, demo.workspace_id);
assert.equal((await show()).plan, "free", "nothing is bought before it is paid");
const paid = await fetch(page.url, {
  method: "POST",
  body: new URLSearchParams({ act: "pay" }),
  redirect: "manual",
});
assert.equal(paid.status, 303);
let billing = await show();
assert.deepEqual([billing.plan, billing.status, billing.seats.paid], ["team", "trialing", 4]);
assert.deepEqual(billing.card, { brand: "visa", last4: "4242", exp_month: 12, exp_year: 2034 });

// What Stripe's library changes there, we hear.
const customer = session.customer;
const [created] = (await stripe.events.list({ limit: 100 })).data.filter(
  (event) => event.type === "customer.subscription.created",
);
const subscription = await stripe.subscriptions.retrieve(created.data.object.id);
await stripe.subscriptions.update(
  subscription.id,
  { items: [{ id: subscription.items.data[0].id, quantity: 6 }] },
  { idempotencyKey: "six seats" },
);
assert.equal((await show()).seats.paid, 6);
const count = (await stripe.events.list({ limit: 100 })).data.length;
await stripe.subscriptions.update(
  subscription.id,
  { items: [{ id: subscription.items.data[0].id, quantity: 6 }] },
  { idempotencyKey: "six seats" },
);
assert.equal((await stripe.events.list({ limit: 100 })).data.length, count, "the same key did it twice");

// Signatures that Stripe's library makes are accepted, and altered ones are not.
const event = (id, seats, at) =>
  JSON.stringify({
    id,
    object: "event",
    type: "customer.subscription.updated",
    created: at,
    livemode: false,
    data: {
      object: {
        ...subscription,
        items: { data: [{ ...subscription.items.data[0], quantity: seats }] },
      },
    },
  });
const send = (payload, header) =>
  fetch(`${api}/v1/billing/stripe`, {
    method: "POST",
    headers: { "content-type": "application/json; charset=utf-8", "stripe-signature": header },
    body: payload,
  });
const sign = (payload, more = {}) =>
  stripe.webhooks.generateTestHeaderString({ payload, secret: program.stripe.webhook_secret, ...more });
const now = Math.floor(Date.now() / 1000);
const seven = event("evt_seven", 7, now + 60);
assert.equal((await send(seven, sign(seven))).status, 204);
assert.equal((await show()).seats.paid, 7);
const eight = event("evt_eight", 8, now + 120);
for (const [payload, header] of [
  [eight.replace('"quantity":8', '"quantity":9'), sign(eight)],
  [eight, sign(eight, { timestamp: now - 301 })],
  [eight, sign(eight, { secret: "whsec_other" })],
  [eight, sign(eight).replace("v1=", "v1=0")],
  [eight, ""],
]) {
  const answer = await send(payload, header);
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).code, "webhook_refused");
}
assert.equal((await show()).seats.paid, 7);
// What we accept, Stripe's own check accepts: the stand-in signs as Stripe does.
assert.equal(stripe.webhooks.constructEvent(seven, sign(seven), program.stripe.webhook_secret).id, "evt_seven");

// A refund, and the end.
const [invoice] = (await ask(api, "GET", `${place}/invoices`, demo.member_token)).data;
assert.equal((await stripe.invoices.retrieve(invoice.id)).number, invoice.number);
await stripe.subscriptions.cancel(subscription.id);
billing = await show();
assert.deepEqual([billing.plan, billing.status], ["free", "canceled"]);
await assert.rejects(stripe.customers.retrieve("cus_nobody"), { statusCode: 404 });
assert.equal((await stripe.customers.del(customer)).deleted, true);
const stranger = new Stripe("sk_test_other", { host: at.hostname, port: at.port, protocol: "http" });
await assert.rejects(stranger.customers.create({}), { statusCode: 401 });
assert.equal(await program.stop(), 0);
console.log("a plan was bought, changed and ended with Stripe's own library");
