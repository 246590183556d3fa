#!/usr/bin/env node
// Two pages of web/call in a real browser, with devices that are made up: a guest calls, somebody of the
// team takes it, sound and pictures flow from one to the other, and nothing else is loaded from anywhere.
//
//   node tests/outside/pages/calls.mjs --chromium FILE [--binary FILE] [--pictures FOLDER]
//
// Calls through a relay: relay.mjs.
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { ask, defaultBinary, start } from "../clients/program.mjs";
import { stage, state } from "./stage.mjs";

const { values } = parseArgs({
  options: {
    binary: { type: "string", default: defaultBinary() },
    chromium: { type: "string" },
    pictures: { type: "string" },
  },
});
const program = await start(values.binary);
const { api, demo } = program;
const { arrive, desk: open, faults, flows, picture, until, close } = await stage(values.chromium, api, values.pictures);

async function place() {
  const workspace = await ask(api, "POST", "/v1/workspaces", demo.member_token, { name: "Calls", profile: "calls", member_name: "Ada" });
  const app = await ask(api, "POST", `/v1/workspaces/${workspace.id}/apps`, demo.member_token, { name: "Site", platform: "web", origins: [api], identity: "off" });
  return { workspace, app, calls: `/v1/workspaces/${workspace.id}/calls` };
}

// A page that is killed in the middle of a call: the other side waits for it, in the end in vain. That takes
// 105 seconds, so it is looked at again when everything else is done.
const abandoned = await place();
const left = await open(abandoned.workspace.id, demo.member_token);
const killed = await arrive(`/call#${abandoned.app.public_key}`);
await killed.page.getByRole("button", { name: "Call", exact: true }).click();
await left.page.getByRole("button", { name: "Take the call" }).click();
for (const { page } of [killed, left]) await until("a connection", async () => (await state(page)) === "Connected");
await killed.context.close();

const { workspace, app, calls } = await place();

const desk = await open(workspace.id, demo.member_token);
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
/** Both pages as they are on a screen and on a phone. */
async function pictures(name) {
  for (const [who, { page }] of Object.entries({ guest, desk })) {
    await picture(page, `${who}-${name}`);
    const size = page.viewportSize();
    await page.setViewportSize({ width: 375, height: 740 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(wide, false, `${who}: wider than a phone`);
    await picture(page, `${who}-${name}-phone`);
    await page.setViewportSize(size);
  }
}
await pictures("talks");
/** The keyboard is where it goes on. */
const focused = (page) => page.evaluate(() => document.activeElement?.id);
for (const { page } of [guest, desk]) assert.equal(await focused(page), "hang-up");

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
await pictures("screen");
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

// Both sockets die: what flows does not notice, and they come back to the same call and the same connection.
for (const { page } of [guest, desk]) {
  await page.evaluate(() => (window.kept = window.sotto.line().peer));
  const opened = await page.evaluate(() => { const all = window.sockets; all.forEach((one) => one.close()); return all.length; });
  await flows(page);
  await until("another socket", () => page.evaluate((n) => window.sockets.length > n && window.sockets.at(-1).readyState === 1, opened));
}
await guest.page.getByRole("button", { name: "Mute" }).click();
await desk.page.getByText("muted").waitFor();
await desk.page.getByRole("button", { name: "Mute", exact: true }).click();
await guest.page.getByText("muted").waitFor();
for (const { page } of [guest, desk]) {
  assert.ok(await page.evaluate(() => window.sotto.line().peer === window.kept && window.kept.connectionState === "connected"));
  await flows(page);
}
console.log("both sockets were cut and came back; the call went on");

// Somebody else calls: whoever talks hangs up first.
const second = await arrive(`/call#${app.public_key}`);
await second.page.getByRole("button", { name: "Call", exact: true }).click();
await desk.page.getByRole("button", { name: "Take the call" }).click();
await desk.page.getByText("Hang up first.").waitFor();
await flows(guest.page);
await second.page.getByRole("button", { name: "Hang up" }).click();
await desk.page.getByRole("button", { name: "Take the call" }).waitFor({ state: "detached" });
console.log("nobody talks in two calls at once");

// Hanging up.
await desk.page.getByRole("button", { name: "Hang up" }).click();
for (const { page } of [guest, desk]) await until("the end", async () => (await state(page)) === "The call is over");
await picture(guest.page, "over");
assert.deepEqual([await focused(guest.page), await focused(desk.page)], ["call", "quiet"]);
const [missed, talk] = (await ask(api, "GET", calls, demo.member_token)).data;
assert.deepEqual([missed.reason, talk.reason], ["cancelled", "completed"]);
const quality = await until("figures of both sides", async () => {
  const { quality } = await ask(api, "GET", `${calls}/${talk.id}`, demo.member_token);
  return quality.length === 2 && quality;
});
for (const one of quality) assert.ok(one.counted.last && one.counted.relayed === false, JSON.stringify(one));
assert.deepEqual(await guest.context.cookies(), []);
console.log("hung up; both sides told how well it went, and no cookie was set");

// That the call was taken is heard last, and the API refuses the hanging up: it connects, and it ends.
const late = await arrive(`/call#${app.public_key}`, {
  before: (page) => page.addInitScript(() => {
    const Real = window.WebSocket;
    window.WebSocket = class extends Real {
      addEventListener(kind, listener) {
        super.addEventListener(kind, (event) => setTimeout(() => listener(event), String(event.data).includes('"call.changed"') ? 5000 : 0));
      }
    };
  }),
});
await late.page.getByRole("button", { name: "Call", exact: true }).click();
await desk.page.getByRole("button", { name: "Take the call" }).click();
for (const { page } of [late, desk]) await until("a connection", async () => (await state(page)) === "Connected");
await desk.page.route("**/end", (route) => route.fulfill({ status: 401, json: { code: "token_expired" } }));
await desk.page.getByRole("button", { name: "Hang up" }).click();
for (const { page } of [desk, late]) await until("the end", async () => (await state(page)) === "The call is over");
await desk.page.unroute("**/end");
await late.context.close();
console.log("frames may come late, and who hangs up is gone");

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

await until("the end of the call whose page was killed", async () => (await state(left.page)) === "The call is over", 150_000);
assert.equal(await left.page.locator("#said").textContent(), "The other side was lost.");
const [lost] = (await ask(api, "GET", abandoned.calls, demo.member_token)).data;
assert.equal(lost.reason, "peer_lost");
console.log("a page that was killed was waited for, and lost");

assert.deepEqual(faults, []);
await close();
assert.equal(await program.stop(), 0);
console.log("calls in a browser: passed");
