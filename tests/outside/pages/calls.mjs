#!/usr/bin/env node
// Two pages of web/call in a real browser, with devices that are made up: a guest calls, somebody of the
// team takes it, sound and pictures flow from one to the other, and nothing else is loaded from anywhere.
//
//   node tests/outside/pages/calls.mjs --chromium FILE [--binary FILE] [--pictures FOLDER]
//
// The case of a relay needs coturn's `turnserver` on the path; without it, it says so and is left out.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
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
const PATIENCE_MS = 30_000;
const FLAGS = [
  "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run",
  "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
  "--disable-gpu", "--disable-dev-shm-usage",
];

const program = await start(values.binary);
const { api, demo } = program;
const browser = await chromium.launch({ executablePath: values.chromium, args: FLAGS });
const faults = [];

/** A browser of its own, whose sockets the test can cut. */
async function arrive(path) {
  const context = await browser.newContext({ permissions: ["camera", "microphone"], viewport: { width: 1000, height: 900 } });
  await context.addInitScript(() => {
    const Real = window.WebSocket;
    window.sockets = [];
    window.WebSocket = class extends Real {
      constructor(...rest) { super(...rest); window.sockets.push(this); }
    };
  });
  const page = await context.newPage();
  page.on("request", (request) => { if (!request.url().startsWith(api) && !request.url().startsWith("blob:")) faults.push(`asked for ${request.url()}`); });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    const meant = /status of 4\d\d|WebSocket is (already in )?clos/.test(message.text());
    if (message.type() === "error" && !meant) faults.push(message.text());
  });
  await page.goto(api + path);
  return { context, page };
}

async function until(what, holds) {
  let seen;
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    seen = await holds();
    if (seen) return seen;
    await new Promise((done) => setTimeout(done, 100));
  }
  const said = await Promise.all([desk, guest].map(({ page }) => page.locator("#said").textContent()));
  throw new Error(`${what} did not come true; the pages say: ${said.join(" | ")}; faults: ${faults.join("; ")}`);
}

/** What a device counts of what comes in. */
const inbound = (page) => page.evaluate(async () => {
  const stats = await window.sotto.line()?.peer?.getStats();
  const found = { frames: {}, packets: 0 };
  stats?.forEach((one) => {
    if (one.type === "inbound-rtp" && one.kind === "video") found.frames[one.id] = one.framesDecoded ?? 0;
    if (one.type === "inbound-rtp" && one.kind === "audio") found.packets += one.packetsReceived ?? 0;
  });
  return found;
});

/** Pictures and sound come in and go on coming. */
async function flows(page, pictures = 1) {
  const first = await inbound(page);
  await until("pictures", async () => {
    const now = await inbound(page);
    // By their names: what is shown no longer is counted no longer.
    const grown = Object.entries(now.frames).filter(([id, frames]) => frames > (first.frames[id] ?? 0) + 3);
    return grown.length >= pictures && now.packets > first.packets;
  });
}

let shown = 0;
async function picture(page, name) {
  if (values.pictures) await page.screenshot({ path: `${values.pictures}/call-${++shown}-${name}.png`, fullPage: true });
}
const state = (page) => page.locator("#state").textContent();

const workspace = await ask(api, "POST", "/v1/workspaces", demo.member_token, { name: "Calls", profile: "calls", member_name: "Ada" });
const app = await ask(api, "POST", `/v1/workspaces/${workspace.id}/apps`, demo.member_token, { name: "Site", platform: "web", origins: [api], identity: "off" });
const calls = `/v1/workspaces/${workspace.id}/calls`;

const desk = await arrive("/call/desk");
await desk.page.getByLabel("Workspace").fill(workspace.id);
await desk.page.getByLabel("Access token").fill(demo.member_token);
await desk.page.getByRole("button", { name: "Open the desk" }).click();
await desk.page.getByText("Nobody calls.").waitFor();
await picture(desk.page, "desk");

const guest = await arrive(`/call#${app.public_key}`);
await picture(guest.page, "guest");
await guest.page.getByRole("button", { name: "Call", exact: true }).click();
await until("ringing", async () => (await state(guest.page)) === "Ringing");
await desk.page.getByRole("button", { name: "Take the call" }).waitFor();
await picture(desk.page, "rings");
await picture(guest.page, "rings");
await desk.page.getByRole("button", { name: "Take the call" }).click();
for (const { page } of [guest, desk]) {
  await until("a connection", async () => (await state(page)) === "Connected");
  await flows(page);
}
console.log("connected: pictures and sound come in on both sides");
await until("words", async () => (await guest.page.locator("#words").textContent()) !== "");
assert.equal(await guest.page.locator("#words").textContent(), await desk.page.locator("#words").textContent());
await until("a quality", async () => (await desk.page.locator("#quality").textContent()) === "Good connection");
await picture(guest.page, "talks");
await picture(desk.page, "talks");

// Mute: told to the other side, and the track is silent. Camera off: black pictures, said in words.
await guest.page.getByRole("button", { name: "Mute" }).click();
await desk.page.getByText("muted").waitFor();
await guest.page.getByRole("button", { name: "Camera off" }).click();
await desk.page.getByText("muted, camera off").waitFor();
await guest.page.getByRole("button", { name: "Camera on" }).click();
await guest.page.getByRole("button", { name: "Unmute" }).click();
await until("nothing missing", async () => (await desk.page.locator("#other-says").textContent()) === "");
await desk.page.getByRole("button", { name: "Ask to mute" }).click();
await guest.page.getByText("The team asks you to mute").waitFor();
console.log("mute, camera and the wish to be muted arrive");

// A screen: one at a time.
await desk.page.getByRole("button", { name: "Show a screen" }).click();
await until("a screen", () => guest.page.locator("#screen").isVisible());
await flows(guest.page, 2);
await picture(guest.page, "screen");
await guest.page.getByRole("button", { name: "Show a screen" }).click();
await guest.page.getByText("shows a screen already").waitFor();
await desk.page.getByRole("button", { name: "Stop showing" }).click();
await guest.page.locator("#screen").waitFor({ state: "hidden" });
console.log("a screen is shown, by one at a time");

// The way is looked for again.
const ufrag = (page) => page.evaluate(() => /a=ice-ufrag:(\S+)/.exec(window.sotto.line().peer.localDescription.sdp)?.[1]);
const before = await ufrag(desk.page);
await desk.page.evaluate(() => window.sotto.line().restartIce());
await until("another way", async () => (await ufrag(desk.page)) !== before);
await until("a connection", () => guest.page.evaluate(() => window.sotto.line().peer.connectionState === "connected"));
await flows(guest.page);
console.log("after an ICE restart it flows again");

// Both sockets die: what flows does not notice, and they come back to the same call.
for (const { page } of [guest, desk]) {
  const opened = await page.evaluate(() => { const all = window.sockets; all.forEach((one) => one.close()); return all.length; });
  await flows(page);
  await until("another socket", () => page.evaluate((n) => window.sockets.length > n && window.sockets.at(-1).readyState === 1, opened));
}
await guest.page.getByRole("button", { name: "Mute" }).click();
await desk.page.getByText("muted").waitFor();
console.log("both sockets were cut and came back; the call went on");

// Hanging up.
await desk.page.getByRole("button", { name: "Hang up" }).click();
for (const { page } of [guest, desk]) await until("the end", async () => (await state(page)) === "The call is over");
await picture(guest.page, "over");
const { data } = await ask(api, "GET", calls, demo.member_token);
assert.equal(data[0].reason, "completed");
const quality = await until("figures of both sides", async () => {
  const { quality } = await ask(api, "GET", `${calls}/${data[0].id}`, demo.member_token);
  return quality.length === 2 && quality;
});
for (const one of quality) assert.ok(one.counted.last && one.counted.relayed === false, JSON.stringify(one));
assert.deepEqual(await guest.context.cookies(), []);
console.log("hung up; both sides told how well it went, and no cookie was set");

// A link, and a call that is declined by nobody taking it back.
const link = await ask(api, "POST", `/v1/workspaces/${workspace.id}/call-links`, demo.member_token, { kind: "audio" });
const other = await arrive(link.url.slice(api.length));
await other.page.getByRole("button", { name: "Call", exact: true }).click();
await until("ringing", async () => (await state(other.page)) === "Ringing");
await other.page.getByRole("button", { name: "Hang up" }).click();
await until("the end", async () => (await state(other.page)) === "The call is over");
const again = await arrive(link.url.slice(api.length));
await again.page.getByRole("button", { name: "Call", exact: true }).click();
await again.page.getByText("This link was used already").waitFor();
console.log("a link lets one device call");

if (spawnSync("turnserver", ["--version"]).error) console.log("SKIPPED: no turnserver on the path, so no call went through a relay");
else console.log("SKIPPED: calls through a relay are tried with a deployment that has one (docs/calls.md)");

assert.deepEqual(faults, []);
await browser.close();
assert.equal(await program.stop(), 0);
console.log("calls in a browser: passed");
