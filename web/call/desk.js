// Compiled from desk.ts (SHA-256 cd360b93d6ae98935ca55f065698b8d0ffaad5d30f9c052ac50a459043a444b2) by build.mjs. Change that file.
// The page of the team: signs in by a token that is pasted, shows what rings, and takes it. A deployment
// puts its own sign-in before it; the token stays in this tab.
import { ask, Line, Problem } from "./call.js";
import { Room } from "./room.js";
const api = location.origin;
const room = new Room("agent");
const list = document.querySelector("#ringing");
const form = document.querySelector("#way-in");
let workspace = "", token = "", line, desk;
form.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = new FormData(form);
    workspace = String(values.get("workspace")).trim();
    token = String(values.get("token")).trim();
    void open();
});
const calls = () => `/v1/workspaces/${workspace}/calls`;
async function open() {
    try {
        const { url } = await ask(api, "POST", `/v1/workspaces/${workspace}/realtime/tickets`, token, {});
        const socket = new WebSocket(url);
        desk = socket;
        socket.addEventListener("open", () => socket.send(JSON.stringify({ t: "sub", topic: "calls" })));
        socket.addEventListener("message", ({ data }) => {
            const frame = JSON.parse(String(data));
            if (frame.t === "call.ring")
                socket.send(JSON.stringify({ t: "call.ack", call: frame.call }));
            if (["subbed", "call.ring", "call.ring_end"].includes(frame.t))
                void look();
        });
        socket.addEventListener("close", () => { if (desk === socket)
            setTimeout(() => void open(), 2000); });
        form.hidden = true;
        document.querySelector("#desk").hidden = false;
        await look();
    }
    catch (error) {
        room.say(error instanceof Problem ? error.message : "That did not work.");
    }
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
        setTimeout(() => void look(), 5000);
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
    await look();
}
Object.assign(window, { sotto: { line: () => line } });
