// Compiled from desk.ts (SHA-256 eae26b40556ec7b4eebaaf16bd9aa19789dacee94ab407239264166df6a6d007) by build.mjs. Change that file.
// The page of the team: signs in by a token that is pasted, shows what rings, and takes it. A deployment
// puts its own sign-in before it; the token stays in this tab.
import { ask, Line, Problem } from "./call.js";
import { Room } from "./room.js";
const api = location.origin;
const room = new Room("agent");
const list = document.querySelector("#ringing");
const form = document.querySelector("#way-in");
let workspace = "", token = "", line, desk;
let again;
/** The edge cuts a socket that is idle for ten minutes. */
const PING_MS = 240_000, RETRY_MS = 5000;
form.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = new FormData(form);
    workspace = String(values.get("workspace")).trim();
    token = String(values.get("token")).trim();
    room.say("");
    void open();
});
const calls = () => `/v1/workspaces/${workspace}/calls`;
async function open() {
    clearTimeout(again);
    try {
        const { url } = await ask(api, "POST", `/v1/workspaces/${workspace}/realtime/tickets`, token, {});
        desk?.close();
        const socket = new WebSocket(url);
        desk = socket;
        let answered = true;
        const ping = setInterval(() => {
            // A dead connection would take long to say so.
            if (!answered) {
                socket.close();
                return;
            }
            answered = false;
            socket.send(JSON.stringify({ t: "ping" }));
        }, PING_MS);
        socket.addEventListener("open", () => socket.send(JSON.stringify({ t: "sub", topic: "calls" })));
        socket.addEventListener("message", ({ data }) => {
            answered = true;
            const frame = JSON.parse(String(data));
            if (frame.t === "drain")
                socket.close();
            if (frame.t === "call.ring")
                socket.send(JSON.stringify({ t: "call.ack", call: frame.call }));
            if (["subbed", "call.ring", "call.ring_end"].includes(frame.t))
                look().catch(failed);
        });
        socket.addEventListener("close", () => { clearInterval(ping); if (desk === socket)
            setTimeout(() => void open(), 2000); });
        signedIn(true);
        await look();
        if (again)
            room.say("");
        again = undefined;
    }
    catch (error) {
        failed(error);
    }
}
function signedIn(is) {
    form.hidden = is;
    document.querySelector("#desk").hidden = !is;
}
/** A desk that gave up would never ring again: who is not let in any more signs in, all else is tried again. */
function failed(error) {
    room.say(error instanceof Problem ? error.message : "That did not work.");
    clearTimeout(again);
    again = undefined;
    if (!(error instanceof Problem) || ![401, 403, 404].includes(error.status)) {
        again = setTimeout(() => void open(), RETRY_MS);
        return;
    }
    desk?.close();
    desk = undefined;
    signedIn(false);
}
/** Frames are hints: what rings is read. */
async function look() {
    const { data } = await ask(api, "GET", `${calls()}?state=open`, token);
    const ringing = data.filter(({ state, caller }) => state === "ringing" && caller === "guest");
    // What rings still stays as it is: whoever is about to press its button keeps it, and nothing is read out twice.
    const known = new Map([...list.children].map((item) => [item.dataset.call, item]));
    for (const [id, item] of known)
        if (!ringing.some((call) => call.id === id))
            item.remove();
    list.append(...ringing.filter(({ id }) => !known.has(id)).map((call) => {
        const item = document.createElement("li");
        item.dataset.call = call.id;
        const said = document.createElement("span");
        said.textContent = `${call.kind === "audio" ? "Voice" : "Video"} call, since ${new Date(call.created_at).toLocaleTimeString()}`;
        const take = document.createElement("button");
        take.textContent = "Take the call";
        take.className = "go";
        take.addEventListener("click", () => void accept(call));
        item.append(said, take);
        return item;
    }));
    document.querySelector("#quiet").hidden = ringing.length > 0;
    document.title = ringing.length ? `(${ringing.length}) Calls` : "Calls";
    // What nobody takes stops ringing by itself.
    if (ringing.length)
        setTimeout(() => look().catch(failed), 5000);
}
async function accept(call) {
    // The first call would go on unseen, and its camera and microphone with it.
    if (line && line.call?.state !== "ended") {
        room.say("Hang up first.");
        return;
    }
    const path = `${calls()}/${call.id}`;
    const taken = new Line({ api, path, token: async () => token, listener: room, policy: new URLSearchParams(location.search).has("relay") ? "relay" : undefined });
    line = taken;
    try {
        await room.prepare(call.kind);
        await ask(api, "POST", `${path}/accept`, token);
        room.hold(taken);
        await room.send();
        await taken.join();
    }
    catch (error) {
        line = undefined;
        room.say(error instanceof Problem && error.code === "call_taken" ? "A colleague took this call." : "That did not work.");
        room.over();
    }
    await look().catch(failed);
}
Object.assign(window, { sotto: { line: () => line } });
