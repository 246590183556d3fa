#!/usr/bin/env node
// A real browser, with scripts switched off: signs up, stays signed in over a reload, accepts an
// invitation, signs out. Holds no cookie before it is signed in, one afterwards, and none at the
// end, wherever in the product it has been. A form on another site gets nothing done.
//
//   node tests/outside/pages/pages.mjs --chromium FILE [--binary FILE] [--pictures FOLDER]
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { ask, defaultBinary, start } from "../clients/program.mjs";

const { values } = parseArgs({
  options: {
    binary: { type: "string", default: defaultBinary() },
    chromium: { type: "string" },
    pictures: { type: "string" },
  },
});
const COOKIE = "__Host-sid";
const MAIL_MS = 20_000;
// Neither speaks to its maker, nor needs what a container withholds.
const QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"];

const program = await start(values.binary);
const { api } = program;
const browser = await chromium.launch({ executablePath: values.chromium, args: QUIET });
const faults = [];

/** A browser of its own: what it loads from elsewhere, or what a policy stops, is a fault. */
async function arrive(options = {}) {
  const context = await browser.newContext({ javaScriptEnabled: false, locale: "en-GB", ...options });
  const page = await context.newPage();
  page.on("request", (request) => {
    const to = request.url();
    if (!to.startsWith(api) && !to.startsWith("data:") && !to.startsWith(elsewhere)) faults.push(`asked for ${to}`);
  });
  page.on("console", (message) => {
    // Chromium reports refused forms, which are meant to be.
    const meant = /status of (401|403|404|422)/.test(message.text());
    if (message.type() === "error" && !meant) faults.push(message.text());
  });
  const cookies = async () => (await context.cookies()).map(({ name }) => name);
  return { context, page, cookies };
}

let shown = 0;
async function picture(page, name) {
  if (values.pictures) await page.screenshot({ path: `${values.pictures}/${++shown}-${name}.png`, fullPage: true });
}

/** What an authenticator app shows now (RFC 6238). */
function totp(secret) {
  const bits = [...secret].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac("sha1", key).update(step).digest();
  const number = hash.readUInt32BE(hash.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** What the newest mail to an address says in this form; of those after the first so many. */
async function mailed(address, form, after = 0) {
  for (const until = Date.now() + MAIL_MS; Date.now() < until; ) {
    const { data } = await ask(api, "GET", "/mailbox.json");
    const new_ones = data.slice(after).reverse();
    for (const mail of new_ones.filter(({ to }) => to.includes(address))) {
      const found = form.exec(mail.text);
      if (found) return found[1];
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`no mail of the form ${form} came to ${address}`);
}

async function typeCode(page, address) {
  await page.getByLabel("Code").fill(await mailed(address, /^(\d{8})$/m));
  await page.getByRole("button", { name: "Continue" }).click();
}

// Another site: a page that sends our forms by itself.
const server = createServer((_, answer) => {
  const form = (action, fields) =>
    `<form method="post" action="${api}${action}">${Object.entries(fields)
      .map(([name, value]) => `<input name="${name}" value="${value}">`)
      .join("")}<button>${action}</button></form>`;
  answer.writeHead(200, { "content-type": "text/html" });
  answer.end(form("/account", { act: "sign_out" }) + form("/sign-in", { email: "ada@pages.example" }));
});
await new Promise((done) => server.listen(0, "localhost", done));
const elsewhere = `http://localhost:${server.address().port}`;

const { page, context, cookies } = await arrive();

// Everywhere in the product, before anybody signs in.
for (const path of ["/", "/docs", "/openapi.json", "/health", "/mailbox", "/demo", "/sign-in", "/sign-up", "/forgot", "/account"]) {
  await page.goto(api + path);
  assert.deepEqual(await cookies(), [], `a cookie at ${path}`);
}
const widget = await arrive({ javaScriptEnabled: true });
for (const path of ["/demo/visitor", "/demo/member"]) {
  await widget.page.goto(api + path, { waitUntil: "load" });
  await widget.page.waitForTimeout(1000);
  assert.deepEqual(await widget.cookies(), [], `a cookie at ${path}`);
}
await widget.context.close();

// Sign up.
await page.goto(`${api}/sign-up`);
await page.getByLabel("Email address").fill("ada@pages.example");
await picture(page, "sign-up");
for (const box of await page.getByRole("checkbox").all()) await box.check();
await page.getByRole("button", { name: "Mail me a code" }).click();
await picture(page, "verify");
await page.getByLabel("Code").fill("0000 0000");
await page.getByRole("button", { name: "Continue" }).click();
await page.getByRole("alert").waitFor();
await picture(page, "wrong-code");
assert.deepEqual(await cookies(), [], "a cookie before the code");
await typeCode(page, "ada@pages.example");
await page.getByText("ada@pages.example").waitFor();
await picture(page, "account");

// One cookie, with every guard; a reload stays signed in.
const [cookie, ...more] = await context.cookies();
assert.equal(more.length, 0);
const { name, httpOnly, secure, sameSite, path } = cookie;
assert.deepEqual(
  { name, httpOnly, secure, sameSite, path },
  { name: COOKIE, httpOnly: true, secure: true, sameSite: "Lax", path: "/" },
);
await page.reload();
await page.getByText("ada@pages.example").waitFor();
await page.goto(`${api}/docs`);
await page.goto(`${api}/account`);
await page.getByText("ada@pages.example").waitFor();
assert.deepEqual(await cookies(), [COOKIE]);

// Another site sends our forms: refused, no mail, and still signed in.
const before = (await ask(api, "GET", "/mailbox.json")).data.length;
for (const action of ["/account", "/sign-in"]) {
  await page.goto(elsewhere);
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url() === api + action),
    page.getByRole("button", { name: action }).click(),
  ]);
  assert.equal(answer.status(), 403, `a form from another site to ${action}`);
}
await picture(page, "cross-site");
await page.goto(`${api}/account`);
await page.getByText("ada@pages.example").waitFor();
assert.equal((await ask(api, "GET", "/mailbox.json")).data.length, before, "a mail for a form of another site");

// The link of an invitation, in another browser, up to the end.
const { demo } = program;
const invitation = { email: "bob@pages.example", role: "agent" };
await ask(api, "POST", `/v1/workspaces/${demo.workspace_id}/invitations`, demo.member_token, invitation);
const link = await mailed("bob@pages.example", /^(http\S+\/accept\?\S+)$/m);
const bob = await arrive();
await bob.page.goto(link);
await picture(bob.page, "invited");
await bob.page.getByRole("link", { name: "Make an account" }).click();
await bob.page.getByLabel("Email address").fill("bob@pages.example");
for (const box of await bob.page.getByRole("checkbox").all()) await box.check();
await bob.page.getByRole("button", { name: "Mail me a code" }).click();
await typeCode(bob.page, "bob@pages.example");
await bob.page.getByLabel("Your name").fill("Bob");
await picture(bob.page, "accept");
await bob.page.getByRole("button", { name: "Join" }).click();
await bob.page.getByText("You are now a member of").waitFor();
await picture(bob.page, "joined");
assert.deepEqual(await bob.cookies(), [COOKIE]);
await bob.page.goto(link);
await picture(bob.page, "accepted-already");
await bob.context.close();

// Sign out: the cookie is gone, and a copy of it is worth nothing.
await page.getByRole("button", { name: "Sign out", exact: true }).click();
await page.getByText("You have signed out").waitFor();
await picture(page, "signed-out");
assert.deepEqual(await cookies(), []);
await context.addCookies([{ ...cookie }]);
await page.goto(`${api}/account`);
assert.equal(new URL(page.url()).pathname, "/sign-in");

// A forgotten password: the link of the mail, and signed in with the new one.
const password = "vexing umbrella 9";
await page.getByRole("link", { name: "Forgotten your password?" }).click();
await page.getByLabel("Email address").fill("ada@pages.example");
await page.getByRole("button", { name: "Mail me a link" }).click();
await page.getByRole("status").waitFor();
await picture(page, "forgot");
await page.goto(await mailed("ada@pages.example", /^(http\S+\/reset\?\S+)$/m));
await page.getByLabel("New password").fill("short");
await page.getByRole("button", { name: "Set this password" }).click();
await page.getByRole("alert").waitFor();
await picture(page, "reset");
await page.getByLabel("New password").fill(password);
await page.getByRole("button", { name: "Set this password" }).click();
await page.getByText("The new password is set").waitFor();
await picture(page, "reset-done");
assert.deepEqual(await cookies(), [COOKIE], "the copied cookie, and no other");
await page.getByRole("link", { name: "Sign in" }).click();

// Signed in twice, and one of them ends by a button of the other.
const twice = await arrive();
for (const each of [page, twice.page]) {
  await each.goto(`${api}/sign-in`);
  await each.getByLabel("Email address").fill("ada@pages.example");
  await each.getByLabel("Password").fill(password);
  await each.getByRole("button", { name: "Sign in", exact: true }).click();
  await each.getByRole("heading", { name: "Where you are signed in" }).waitFor();
}
await picture(twice.page, "sessions");
await twice.page.getByRole("button", { name: "End", exact: true }).click();
await twice.page.getByText("(this one)").waitFor();
assert.equal(await twice.page.getByRole("button", { name: "End", exact: true }).count(), 0);
await page.goto(`${api}/account`);
assert.equal(new URL(page.url()).pathname, "/sign-in");

// Everything about an account is changed on its pages.
const own = twice.page;
const change = (what) => own.getByRole("link", { name: `Change: ${what}`, exact: true }).click();
const press = (button) => own.getByRole("button", { name: button, exact: true }).click();
const said = (text) => own.getByRole("status").filter({ hasText: text }).waitFor();

await change("Preferences");
await own.getByLabel("Theme").selectOption("Light");
await own.getByLabel("Time zone").fill("Europe/Berlin");
await picture(own, "preferences");
await press("Save");
await said("Your preferences are saved");

await change("Second factor");
await picture(own, "factor");
await press("Set it up");
await own.getByRole("img").waitFor();
await picture(own, "factor-secret");
const secret = (await own.locator(".key").innerText()).replaceAll(" ", "");
await own.getByLabel("The six digits it shows now").fill(totp(secret));
await press("Continue");
await own.getByRole("heading", { name: "Your recovery codes" }).waitFor();
assert.equal(await own.locator("ol.codes li").count(), 10);
const recovery = (await own.locator("ol.codes li").first().innerText()).trim();
await picture(own, "recovery-codes");
await own.getByRole("link", { name: "I have kept them" }).click();
await own.getByText("On, 10 recovery codes left").waitFor();
await picture(own, "account-with-factor");
await own.setViewportSize({ width: 360, height: 740 });
await picture(own, "account-narrow");

await change("Password");
await own.getByText("At least 8 characters").waitFor();
await own.getByLabel("Present password").fill("not this one");
await own.getByLabel("New password").fill(password);
await press("Set this password");
await own.getByRole("alert").waitFor();
await picture(own, "password");

await own.goto(`${api}/account`);
await change("Email address");
await own.getByLabel("Email address").fill("grace@pages.example");
await picture(own, "address");
await press("Mail me a code");
await own.getByLabel("Code").fill(await mailed("grace@pages.example", /^(\d{8})$/m));
await press("Continue");
await said("Your address is changed");

// A proof that it is still the same person: the cookie gets another value, and stays one.
await own.goto(`${api}/account?page=prove&next=delete`);
await picture(own, "prove");
await own.getByLabel("Code").fill(recovery);
await press("Continue");
await own.getByRole("heading", { name: "Delete this account" }).waitFor();
assert.deepEqual(await twice.cookies(), [COOKIE]);
await picture(own, "delete");
await press("Delete my account");
await said("Your account is closed");
await picture(own, "deleted");
await own.setViewportSize({ width: 1280, height: 720 });
assert.deepEqual(await twice.cookies(), []);
await own.getByRole("link", { name: "Keep it after all" }).click();
await own.getByLabel("Email address").fill("grace@pages.example");
await picture(own, "keep");
const held = (await ask(api, "GET", "/mailbox.json")).data.length;
await press("Mail me a code");
await own.getByLabel("Code").fill(await mailed("grace@pages.example", /^(\d{8})$/m, held));
await press("Keep your account");
await said("Your account stays");
await picture(own, "kept");
await twice.context.close();

// Every page in the dark, narrow and wide.
if (values.pictures) {
  for (const [scheme, width] of [["dark", 400], ["light", 320], ["dark", 1200]]) {
    const other = await arrive({ colorScheme: scheme, viewport: { width, height: 700 } });
    for (const at of ["/sign-in", "/sign-up", `/verify?challenge=chl_01kf0a1b2c3d4e5f6g7h8j9k0m`]) {
      await other.page.goto(api + at);
      await picture(other.page, `${scheme}-${width}`);
    }
    await other.context.close();
  }
}

await browser.close();
server.close();
const status = await program.stop();
assert.deepEqual(faults, []);
assert.equal(status, 0);
console.log("the pages work without a script, with one cookie, and for nobody else's forms");
process.exit(0);
