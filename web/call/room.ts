// What both pages show of a call, and the buttons. Everything can be reached by the keyboard, and what
// happens is said in words (`aria-live`) besides being seen.
import { choices, devices, type Line, type Listener, type Side, type State } from "./call.js";

const at = <T extends HTMLElement>(selector: string): T => document.querySelector(selector) as T;
const STATES: Record<State, string> = {
  created: "Getting ready", ringing: "Ringing", connecting: "Connecting", active: "Connected", ended: "The call is over",
};
const REASONS: Record<string, string> = {
  busy: "The other side is in another call.", cancelled: "The call was taken back.", completed: "Both sides have hung up. Nothing of it was recorded.",
  declined: "The other side cannot talk now.", failed_ice: "The two devices found no way to each other.", forbidden: "The call was ended.",
  max_duration: "The call was as long as a call may be.", no_answer: "Nobody could take the call.", peer_lost: "The other side was lost.",
  superseded: "You called each other; the other call goes on.",
};

/** What stands where the picture of the other side will be. */
const WAITS: Partial<Record<State, string>> = { created: "One moment", ringing: "Calling the team", connecting: "Looking for a way to the other device" };

export class Room implements Listener {
  readonly #side: Side;
  #line?: Line;
  #camera: MediaStream | null = null;
  #kind = "video";
  #on = { audio: true, video: true };

  constructor(side: Side) {
    this.#side = side;
    at("#mute").addEventListener("click", () => this.#toggle("audio"));
    at("#camera").addEventListener("click", () => this.#toggle("video"));
    at("#share").addEventListener("click", () => void this.#share());
    at("#hang-up").addEventListener("click", () => void this.#line?.end(this.#line.call?.state === "ringing" && this.#side === "guest" ? "cancel" : "end").catch(() => { this.over(); this.say("You have hung up."); }));
    at<HTMLElement>("#ask-mute")?.addEventListener("click", () => { this.#line?.askMute(); this.say("The other side was asked to mute itself."); });
    // Phones show no screen: their browsers have no word for it.
    at("#share").hidden = !navigator.mediaDevices?.getDisplayMedia;
    for (const kind of ["camera", "microphone"]) at(`#choose-${kind}`).addEventListener("change", () => void this.#change());
    addEventListener("pagehide", () => this.#line?.leave());
  }

  onCall(begin: () => void): void { at("#call").addEventListener("click", begin); }
  wanted(): string { return at<HTMLInputElement>("#with-video")?.checked === false ? "audio" : "video"; }
  busy(is: boolean): void { const button = at<HTMLButtonElement>("#call"); if (button) button.disabled = is; }
  say(text: string): void { at("#said").textContent = text; }

  /** Asks for camera and microphone before anybody is rung. */
  async prepare(kind: string): Promise<void> {
    this.#release();
    this.#kind = kind;
    this.#on = { audio: true, video: kind !== "audio" };
    this.#camera = await devices(kind);
    at<HTMLVideoElement>("#own").srcObject = this.#camera;
    if (!this.#camera) this.say("No microphone and no camera: you will see and hear, and not be heard.");
    await this.#list();
    at("#room").hidden = false;
    at("#camera").hidden = kind === "audio";
    document.body.dataset.kind = kind;
    this.#draw();
    // What began it is not there any more: the keyboard goes on with what ends it.
    at("#hang-up").focus();
  }

  hold(line: Line): void { this.#line = line; }
  async send(): Promise<void> { if (this.#camera) await this.#line?.use(this.#camera); }
  over(): void { at("#room").hidden = true; at("#safety").hidden = true; (at("#call") ?? at("#ringing button") ?? at("#quiet"))?.focus(); this.#release(); }

  // Listener
  state(state: State, reason: string | null): void {
    at("#state").textContent = STATES[state];
    at("#waits").textContent = WAITS[state] ?? "";
    document.body.dataset.state = state;
    // Before that there is nobody to show it to, or to ask.
    for (const selector of ["#share", "#ask-mute"]) { const button = at<HTMLButtonElement>(selector); if (button) button.disabled = state !== "active"; }
    if (state !== "ended") { this.say(""); return; }
    this.say(REASONS[reason ?? "completed"] ?? "The call is over.");
    this.over();
  }
  remote(camera: MediaStream | null, screen: MediaStream | null): void {
    this.#show("#other", camera);
    this.#show("#screen", screen);
    at("#screen").hidden = !screen;
    at(".pictures").classList.toggle("shared", screen !== null);
  }
  media(media: { audio: boolean; video: boolean; screen: boolean }): void {
    const missing = [media.audio ? "" : "muted", media.video ? "" : "camera off"].filter(Boolean).join(", ");
    at("#other-says").textContent = missing ? `The other side: ${missing}` : "";
    at("#other").classList.toggle("dark", !media.video);
  }
  quality(bars: number, words: string): void { at("#quality").textContent = words; at("#quality").dataset.bars = String(bars); }
  notice(text: string): void { this.say(text); }
  muteAsked(): void { this.say("The team asks you to mute your microphone."); at("#mute").focus(); }
  words(words: string): void { at("#words").textContent = words; at("#safety").hidden = false; }

  #show(selector: string, stream: MediaStream | null): void {
    const video = at<HTMLVideoElement>(selector);
    const ids = (one: MediaProvider | null) => (one instanceof MediaStream ? one.getTracks().map(({ id }) => id).join() : "");
    if (ids(video.srcObject) !== ids(stream)) video.srcObject = stream;
    if (stream) void video.play().catch(() => undefined);
  }

  /** No device goes on unseen. */
  #release(): void {
    for (const track of this.#camera?.getTracks() ?? []) track.stop();
    this.#camera = null;
  }

  #toggle(kind: "audio" | "video"): void {
    this.#on[kind] = !this.#on[kind];
    this.#line?.enable(kind, this.#on[kind]);
    this.#draw();
  }

  async #share(): Promise<void> {
    try { if (this.#line?.sharing) await this.#line.unshare(); else await this.#line?.share(); } catch { this.say("No screen is shown."); }
    this.#draw();
  }

  async #change(): Promise<void> {
    const [camera, microphone] = ["camera", "microphone"].map((kind) => at<HTMLSelectElement>(`#choose-${kind}`).value || undefined);
    const next = await devices(this.#kind, { camera, microphone });
    if (!next) { this.say("This device could not be opened."); return; }
    this.#release();
    this.#camera = next;
    for (const kind of ["audio", "video"] as const) for (const track of next.getTracks()) if (track.kind === kind) track.enabled = this.#on[kind];
    at<HTMLVideoElement>("#own").srcObject = next;
    await this.send();
  }

  async #list(): Promise<void> {
    const all = await choices();
    for (const [kind, place] of [["videoinput", "camera"], ["audioinput", "microphone"]]) {
      const options = all.filter((one) => one.kind === kind).map(({ id, label }) => new Option(label, id));
      at<HTMLSelectElement>(`#choose-${place}`).replaceChildren(...options);
    }
  }

  #draw(): void {
    // The word says what the button will do, so it is no switch that is pressed (`aria-pressed`).
    const turned = (selector: string, on: boolean, words: [string, string]) => { const button = at(selector); button.dataset.on = String(on); button.textContent = on ? words[1] : words[0]; };
    turned("#mute", !this.#on.audio, ["Mute", "Unmute"]);
    turned("#camera", !this.#on.video, ["Camera off", "Camera on"]);
    turned("#share", this.#line?.sharing ?? false, ["Show a screen", "Stop showing"]);
  }
}
