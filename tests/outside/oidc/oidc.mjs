#!/usr/bin/env node
// A team signs in through a provider of other people (npm `oidc-provider`, on loopback), and another
// library (npm `jose`) reads our public keys and checks our access tokens with them.
//
//   npm ci --prefix tests/outside/oidc
//   node tests/outside/oidc/oidc.mjs [--binary FILE]
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { Provider } from "oidc-provider";
import { ask, defaultBinary, start } from "../clients/program.mjs";

const { values } = parseArgs({ options: { binary: { type: "string", default: defaultBinary() } } });
const BACK = "https://app.example.com/back";
const PERSON = { email: "grace@team.example", email_verified: true, name: "Grace Hopper" };

// The provider complains about its own development settings; nobody needs to read that here.
console.warn = () => {};
console.info = () => {};

/** A provider with one client; whoever comes is one person. */
async function provide(backchannel) {
  let answer;
  const server = createServer((request, response) => answer(request, response));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "sotto",
        client_secret: "between sotto and the provider",
        redirect_uris: [BACK],
        backchannel_logout_uri: backchannel,
        application_type: "web",
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    cookies: { keys: ["only for this test"] },
    features: { backchannelLogout: { enabled: true } },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...PERSON }) }),
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
  });
  answer = provider.callback();
  return { issuer, provider, stop: () => server.close() };
}

/** Somebody's browser at the provider: signs in, agrees, and is led back; where to, is the answer. */
async function come(url) {
  const jar = new Map();
  for (let step = 0; step < 12; step += 1) {
    const open = async (target, form) => {
      const answer = await fetch(target, {
        method: form ? "POST" : "GET",
        body: form && new URLSearchParams(form),
        headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") },
        redirect: "manual",
      });
      for (const cookie of answer.headers.getSetCookie()) {
        const [pair] = cookie.split(";");
        const at = pair.indexOf("=");
        jar.set(pair.slice(0, at), pair.slice(at + 1));
      }
      return answer;
    };
    let answer = await open(url);
    if (answer.status === 200) {
      const page = await answer.text();
      const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
      const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1];
      assert(prompt && action, `no form: ${page.slice(0, 300)}`);
      answer = await open(new URL(action, url).href, { prompt, login: "grace", password: "any" });
    }
    const next = answer.headers.get("location");
    assert(next, `nowhere to go: ${answer.status} ${await answer.text()}`);
    url = new URL(next, url).href;
    if (url.startsWith(BACK)) return new URL(url).searchParams;
  }
  throw new Error("the provider leads in circles");
}

/** One call, whatever its status. */
async function status(api, method, path, token) {
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  return (await fetch(api + path, { method, headers })).status;
}

const sotto = await start(values.binary);
const { api, demo } = sotto;
const place = `/v1/workspaces/${demo.workspace_id}`;
const way = `/v1/auth/oidc/${demo.workspace_id}`;
const { issuer, provider, stop } = await provide(`${api}${way}/backchannel-logout`);

// Our tokens, read by others.
const keys = createRemoteJWKSet(new URL(`${api}/.well-known/jwks.json`));
const rules = { issuer: api, audience: "sotto-api", typ: "at+jwt", algorithms: ["EdDSA", "Ed25519"] };
const read = async (token) => (await jwtVerify(token, keys, rules)).payload;
assert.equal(decodeProtectedHeader(demo.member_token).alg, "EdDSA");
assert.match((await read(demo.member_token)).sub, /^acc_/);
const [head, body, signature] = demo.member_token.split(".");
const other = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(body, "base64url")), sub: "acc_x" }));
await assert.rejects(read([head, other.toString("base64url"), signature].join(".")));
console.log("jose reads our keys and tokens, and no altered one");

// A team signs in through theirs.
const setting = {
  issuer,
  client_id: "sotto",
  client_secret: "between sotto and the provider",
  domains: ["team.example"],
  role: "viewer",
  redirect_uris: [BACK],
};
await ask(api, "PUT", `${place}/oidc`, demo.member_token, setting);
const signIn = async () => {
  const begun = await ask(api, "POST", `${way}/start`, null, { redirect_uri: BACK, adult: true });
  const led = await come(begun.authorization_url);
  assert.equal(led.get("iss"), issuer, "the provider names itself");
  const { code, state, iss } = Object.fromEntries(led);
  const finish = { sign_in: begun.sign_in, code, state, iss };
  const signed = await ask(api, "POST", `${way}/finish`, null, finish);
  await assert.rejects(ask(api, "POST", `${way}/finish`, null, finish), /team_sign_in_failed/);
  const renewal = { refresh_token: signed.refresh_token };
  const tokens = await ask(api, "POST", "/v1/auth/refresh", null, renewal);
  return { account: signed.account, token: tokens.access_token };
};
const first = await signIn();
assert.equal((await read(first.token)).sub, first.account);
assert.equal((await ask(api, "GET", place, first.token)).role, "viewer");
assert.equal(await status(api, "GET", "/v1/workspaces", first.token), 403);
const second = await signIn();
assert.equal(second.account, first.account, "known again");
console.log("a member came in through oidc-provider, twice as the same account");

// The provider says that she has left.
const client = await provider.Client.find("sotto");
await client.backchannelLogout("grace", "any session");
assert.equal(await status(api, "GET", place, first.token), 401);
assert.equal(await status(api, "GET", place, second.token), 401);
console.log("the provider's logout ended both sessions");

stop();
assert.equal(await sotto.stop(), 0);
process.exit(0);
