// Compiled from guest.ts (SHA-256 db4ac34dc6ed7ba33852b4cb7a098159528ec51a8b7a8d802d7f40f5f4884b11) by build.mjs. Change that file.
// The page of a guest: by a link (`#cl_…`, of a flow `#co_…`), or by the key of an app (`#pk_…`). No account, no cookie.
import { ask, Line, Problem } from "./call.js";
import { Room } from "./room.js";
const api = location.origin;
const room = new Room("guest");
let session;
let line;
/** The same device asks for the same session: kept for this tab, and gone with it. */
function device() {
    const known = sessionStorage.getItem("device");
    const id = known ?? crypto.randomUUID();
    sessionStorage.setItem("device", id);
    return id;
}
async function arrive() {
    const way = location.hash.slice(1);
    const kept = sessionStorage.getItem(`session ${way}`);
    if (kept)
        return JSON.parse(kept);
    const body = way.startsWith("cl_") || way.startsWith("co_") ? { link: way, client_id: device() } : { app_key: way };
    const found = await ask(api, "POST", "/v1/guest/sessions", null, body);
    sessionStorage.setItem(`session ${way}`, JSON.stringify(found));
    return found;
}
const words = {
    token_invalid: "This link was used already, or is too old. Ask for a new one.",
    not_found: "This address does not lead to anybody.",
    origin_refused: "Calls to this team do not begin on this page.",
    rate_limited: "That was often. Please wait a few minutes.",
    caller_blocked: "You cannot call this team.",
    calls_ring: "Everybody is busy. Please try again in a moment.",
    app_off: "Calls are switched off.",
};
async function begin() {
    room.busy(true);
    try {
        session ??= await arrive();
        const token = session.guest_token;
        const kind = session.call_kind ?? room.wanted();
        await room.prepare(kind);
        const client_id = crypto.randomUUID();
        const begun = await ask(api, "POST", "/v1/guest/calls", token, { kind, client_id });
        const id = begun.instead ?? begun.call.id;
        sessionStorage.setItem("call", id);
        const path = `/v1/guest/calls/${id}`;
        if (begun.instead)
            await ask(api, "POST", `${path}/accept`, token);
        await enter(path, token, begun.instead ? undefined : begun.join?.join_token);
    }
    catch (error) {
        room.say(error instanceof Problem ? (words[error.code] ?? error.message) : "That did not work. Please try again.");
        room.over();
    }
    finally {
        room.busy(false);
    }
}
async function enter(path, token, join) {
    line = new Line({ api, path, token: async () => token, listener: room, policy: new URLSearchParams(location.search).has("relay") ? "relay" : undefined });
    room.hold(line);
    await room.send();
    await line.join(join);
}
room.onCall(() => void begin());
Object.assign(window, { sotto: { line: () => line } });
