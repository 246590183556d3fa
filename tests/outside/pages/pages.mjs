#!/usr/bin/env node
// A real browser, with scripts switched off: signs up, stays signed in over a reload, accepts an
// invitation, signs out. Holds no cookie before it is signed in, one afterwards, and none at the
// end, wherever in the product it has been. A form on another site gets nothing done.
//
//   node tests/outside/pages/pages.mjs --chromium FILE [--binary FILE] [--pictures FOLDER]
import assert from "node:assert/strict";
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

/** What the newest mail to an address says in this form. */
async function mailed(address, form) {
  for (const until = Date.now() + MAIL_MS; Date.now() < until; ) {
    const { data } = await ask(api, "GET", "/mailbox.json");
    for (const mail of data.reverse().filter(({ to }) => to.includes(address))) {
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
