// Starts and ends the `sotto` program from outside: what these scripts know is the command line,
// the JSON line on standard output, HTTP and the socket.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const START_MS = 60_000;
const LOG_CHARACTERS = 4_000;

export const defaultBinary = () => `${process.env.CARGO_TARGET_DIR ?? `${ROOT}target`}/debug/sotto`;

/** A running program: its JSON line, and `stop()`, which resolves to the exit status. */
export async function start(binary, more = [], variables = {}) {
  const child = spawn(binary, ["--ephemeral", "--port", "0", "--json", ...more], {
    cwd: ROOT,
    env: { ...process.env, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Refused conditions are warnings there, and doubled sends make many: shown only when it fails.
  let log = "";
  child.stderr.on("data", (more) => (log = (log + more).slice(-LOG_CHARACTERS)));
  const ended = new Promise((done, failed) => child.on("exit", done).on("error", failed));
  // A script that fails must not leave the program behind.
  process.on("exit", (status) => {
    child.kill("SIGKILL");
    if (status !== 0) console.error(log);
  });
  const line = new Promise((done) => createInterface({ input: child.stdout }).once("line", done));
  const late = new Promise((done) => setTimeout(done, START_MS).unref());
  const first = await Promise.race([line, ended.then(() => undefined), late]);
  if (!first) throw new Error(`${binary} did not become ready`);
  return {
    ...JSON.parse(first),
    stop: () => {
      child.kill("SIGINT");
      return ended;
    },
  };
}

/** One call without any fault, for what is looked at from the side. */
export async function ask(api, method, path, token, body, headers = {}) {
  const answer = await fetch(api + path, {
    method,
    headers: {
      ...headers,
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { "content-type": "application/json" }),
    },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

/** The demo's member, as the options of a client. */
export function member({ api, demo }) {
  const renewed = async () => (await ask(api, "GET", "/demo/config.json")).member_token;
  const token = async (renew) => (renew ? renewed() : demo.member_token);
  return { api, workspace: demo.workspace_id, token };
}

/** A new visitor of the demo's site, as the options of a client. */
export async function visitor({ api, demo }) {
  const arrive = (resume_token) =>
    ask(api, "POST", "/v1/widget/sessions", null, { app_key: demo.app_key, resume_token }, { origin: demo.origin });
  let session = await arrive();
  const token = async (renew) => {
    if (renew) session = await arrive(session.resume_token);
    return session.session_token;
  };
  return { api, token };
}
