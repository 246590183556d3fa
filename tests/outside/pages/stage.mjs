// Pages of calls in a real browser, with devices that are made up: what both scripts of calls share.
import { chromium } from "playwright-core";

const PATIENCE_MS = 30_000;
const FLAGS = [
  "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run",
  "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
  "--disable-gpu", "--disable-dev-shm-usage",
];

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

export const state = (page) => page.locator("#state").textContent();

/** A browser whose pages load nothing but from `api`. `pictures` is a folder for screenshots, or undefined. */
export async function stage(executablePath, api, pictures) {
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const faults = [], pages = [];
  let shown = 0;

  /** Somebody's own browser, whose sockets the test can cut. */
  async function arrive(path, { viewport = { width: 1000, height: 900 }, before } = {}) {
    const context = await browser.newContext({ permissions: ["camera", "microphone"], viewport });
    await context.addInitScript(() => {
      const Real = window.WebSocket;
      window.sockets = [];
      window.WebSocket = class extends Real {
        constructor(...rest) { super(...rest); window.sockets.push(this); }
      };
    });
    const page = await context.newPage();
    pages.push(page);
    page.on("request", (request) => { if (!request.url().startsWith(api) && !request.url().startsWith("blob:")) faults.push(`asked for ${request.url()}`); });
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (message) => {
      const meant = /status of 4\d\d|WebSocket is (already in )?clos/.test(message.text());
      if (message.type() === "error" && !meant) faults.push(message.text());
    });
    await before?.(page);
    await page.goto(api + path);
    return { context, page };
  }

  async function until(what, holds, patience = PATIENCE_MS) {
    let seen;
    for (const end = Date.now() + patience; Date.now() < end; ) {
      seen = await holds();
      if (seen) return seen;
      await new Promise((done) => setTimeout(done, 100));
    }
    const said = await Promise.all(pages.map((page) => page.locator("#said").textContent().catch(() => "(gone)")));
    throw new Error(`${what} did not come true; the pages say: ${said.join(" | ")}; faults: ${faults.join("; ")}`);
  }

  /** Pictures and sound come in and go on coming. */
  async function flows(page, many = 1) {
    const first = await inbound(page);
    await until("pictures", async () => {
      const now = await inbound(page);
      // By their names: what is shown no longer is counted no longer.
      const grown = Object.entries(now.frames).filter(([id, frames]) => frames > (first.frames[id] ?? 0) + 3);
      return grown.length >= many && now.packets > first.packets;
    });
  }

  async function picture(page, name) {
    if (pictures) await page.screenshot({ path: `${pictures}/call-${++shown}-${name}.png`, fullPage: true });
  }

  /** The page of the team, open. */
  async function desk(workspace, token, options) {
    const one = await arrive("/call/desk", options);
    await picture(one.page, "sign-in");
    await one.page.getByLabel("Workspace").fill(workspace);
    await one.page.getByLabel("Access token").fill(token);
    await one.page.getByRole("button", { name: "Open the desk" }).click();
    await one.page.getByText("Nobody calls.").waitFor();
    return one;
  }

  return { arrive, desk, faults, flows, picture, until, close: () => browser.close() };
}
