// One side of a call, in a browser: the socket, the peer connection between two devices, and how well
// it goes. docs/calls-protocol.md has the same for those who write a client elsewhere.
//
// Sound and picture go from device to device, encrypted by the two of them. There is no way to record
// here, on purpose: nobody may add one to a page that promises that there is none.

export type Side = "agent" | "guest";
export type State = "created" | "ringing" | "connecting" | "active" | "ended";
/** A call, as the API tells of it. */
export interface CallView { id: string; kind: string; caller: Side; state: State; reason: string | null; deadline: string | null; guest_id: string; member_id: string | null; created_at: string }
interface Ice { servers: RTCIceServer[]; policy: RTCIceTransportPolicy; ttl_seconds: number }
interface Joined { call: CallView; side: Side; polite: boolean; socket: { url: string }; ice: Ice }
interface Said { epoch?: number; n?: number; kind?: RTCSdpType; sdp?: string }
interface Frame { t: string; call?: string; [field: string]: any }
interface Media { audio: boolean; video: boolean; screen: boolean }

/** What a page is told. */
export interface Listener {
  /** How far the call is, and why it is over. */
  state(state: State, reason: string | null): void;
  /** What comes from the other side: a picture with sound, and a screen. */
  remote(camera: MediaStream | null, screen: MediaStream | null): void;
  /** What the other side sends at present: a camera that is off still sends black pictures. */
  media(media: Media): void;
  /** From 1 (bad) to 4 (good); 0 while there is no way to the other. */
  quality(bars: number, words: string): void;
  /** Something that the person should read. */
  notice(text: string): void;
  /** The team asks to be muted. */
  muteAsked(): void;
  /** Words that both read out to be sure that nobody sits between them. */
  words(words: string): void;
}

/** A problem of the API. */
export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, detail: string) { super(detail); }
}

/** Asks the API; null for an answer without a body. */
export async function ask<T>(api: string, method: string, path: string, token: string | null, body?: unknown, keepalive = false): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(api + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), keepalive });
  const text = await answer.text();
  const parsed = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Problem(answer.status, parsed?.code ?? "unknown", parsed?.detail ?? parsed?.title ?? answer.statusText);
  return parsed as T;
}

export interface Options {
  api: string;
  /** Where the call lies: `/v1/guest/calls/{id}` or `/v1/workspaces/{id}/calls/{id}`. */
  path: string;
  token: () => Promise<string>;
  listener: Listener;
  /** `relay` only: neither side learns the address of the other. */
  policy?: RTCIceTransportPolicy;
}

const RETRY_MS = [300, 1000, 2000, 4000, 8000];
const RESTART_AFTER_MS = 3000;
const STATS_MS = 2000, CHECKPOINT_MS = 60_000, BATCH_MS = 50;
/** How long a call rings and looks for a way at the most, and a moment more: then this side knocks. */
const KNOCK_MS: Partial<Record<State, number>> = { ringing: 46_000, connecting: 21_000 };
const WORDS = "acorn amber anchor apple arrow autumn badge bamboo basket beacon berry birch breeze bridge bronze butter cabin candle canyon carbon castle cedar chalk cherry cinder circle clover cobalt comet copper coral cotton crane cricket crystal daisy delta desert diamond dragon eagle echo ember engine falcon feather fern flint forest fossil galaxy garden ginger glacier granite grove hammer harbor hazel helmet honey hunter indigo island ivory jacket jasmine jungle kettle kiwi ladder lagoon lantern laurel lemon lilac linen lotus magnet maple marble meadow melon meteor mirror mosaic moss nectar needle nickel nutmeg oasis ocean olive onyx opal orbit orchid otter oyster panda paper pearl pebble pepper piano pilot planet plum pocket poppy prairie quartz rabbit raven ribbon river rocket saddle saffron sail salmon sapphire shadow silver sparrow spruce stone summer sunset tiger timber topaz tulip tunnel turtle valley velvet violet walnut water willow winter wolf zebra".split(" ");

/** One side of one call. */
export class Line {
  readonly #options: Options;
  #call?: CallView;
  #side: Side = "guest";
  #polite = true;
  #ice: Ice = { servers: [], policy: "all", ttl_seconds: 0 };
  #socket?: WebSocket;
  #hearing: Promise<void> = Promise.resolve();
  #ahead: Frame[] = [];
  #epoch = 0;
  #resumeKey = "";
  #peerEpoch = 0;
  #n = 0;
  #heard = 0;
  #over = false;
  #entered = false;
  #tries = 0;
  #connection?: RTCPeerConnection;
  #makingOffer = false;
  #ignoreOffer = false;
  #early: RTCIceCandidateInit[] = [];
  #found: RTCIceCandidate[] = [];
  #batch?: ReturnType<typeof setTimeout>;
  #camera: MediaStream | null = null;
  #screen: MediaStream | null = null;
  #screenSenders: RTCRtpSender[] = [];
  #remoteScreenOn = false;
  #media: Media = { audio: false, video: false, screen: false };
  #alive?: ReturnType<typeof setInterval>;
  #watch?: ReturnType<typeof setInterval>;
  #checkpoint?: ReturnType<typeof setInterval>;
  #restart?: ReturnType<typeof setTimeout>;
  #knock?: ReturnType<typeof setTimeout>;
  #acceptedAt = 0;
  readonly #seen: { rtt: number[]; loss: number[]; jitter: number[]; connect?: number; restarts: number; told: boolean; counted: Record<string, unknown> } = { rtt: [], loss: [], jitter: [], restarts: 0, told: false, counted: {} };

  constructor(options: Options) { this.#options = options; }

  get call(): CallView | undefined { return this.#call; }
  get peer(): RTCPeerConnection | undefined { return this.#connection; }
  get sharing(): boolean { return this.#screen !== null; }

  /** Joins by a token, or by one that is asked for; then the socket opens. */
  async join(joinToken?: string): Promise<void> {
    const { api, path, token } = this.#options;
    const pass = joinToken ?? (await ask<{ join_token: string }>(api, "POST", `${path}/join-token`, await token(), undefined)).join_token;
    const joined = await ask<Joined>(api, "POST", "/v1/calls/join", pass);
    this.#side = joined.side;
    this.#polite = joined.polite;
    this.#ice = joined.ice;
    this.#become(joined.call);
    await this.#open(joined.socket.url);
  }

  /** What this side sends: asked of the person once, and changed without asking again. */
  async use(camera: MediaStream): Promise<void> {
    this.#camera = camera;
    this.#media.audio = camera.getAudioTracks().some((track) => track.enabled);
    this.#media.video = camera.getVideoTracks().some((track) => track.enabled);
    for (const track of camera.getTracks()) {
      const sender = this.#connection?.getSenders().find((one) => one.track?.kind === track.kind && !this.#screenSenders.includes(one));
      if (sender) await sender.replaceTrack(track);
      else this.#connection?.addTrack(track, camera);
    }
    this.#tellMedia();
  }

  /** Sends sound or pictures, or black and silence. */
  enable(kind: "audio" | "video", on: boolean): void {
    for (const track of this.#camera?.getTracks() ?? []) if (track.kind === kind) track.enabled = on;
    this.#media[kind] = on;
    this.#tellMedia();
  }

  /** Shows a screen; the other side must not show one at the time. */
  async share(): Promise<void> {
    const screen = await navigator.mediaDevices.getDisplayMedia({ video: true, audio: false });
    this.#screen = screen;
    screen.getVideoTracks()[0]?.addEventListener("ended", () => void this.unshare());
    this.#send("call.share", { on: true });
  }

  async unshare(): Promise<void> {
    if (!this.#screen) return;
    this.#stopScreen();
    this.#send("call.share", { on: false });
  }

  #stopScreen(): void {
    for (const track of this.#screen?.getTracks() ?? []) track.stop();
    for (const sender of this.#screenSenders) this.#connection?.removeTrack(sender);
    this.#screen = null;
    this.#screenSenders = [];
    this.#media.screen = false;
    this.#tellMedia();
  }

  /** Asks the other side to mute itself; nobody can do it for them. */
  askMute(): void { this.#send("call.mute", {}); }

  /** Hangs up. */
  async end(act: "end" | "cancel" | "decline" = "end"): Promise<void> {
    const { api, path, token } = this.#options;
    await this.#tellQuality(true);
    try {
      this.#become(await ask<CallView>(api, "POST", `${path}/${act}`, await token()));
    } catch (error) {
      // Who hangs up is gone, whatever the API says; the socket has a sign-in of its own, which may hold still.
      this.#send("call.end", {});
      this.#become({ ...(this.#call as CallView), state: "ended", reason: this.#call?.reason ?? null });
      throw error;
    }
  }

  /** Leaves without ending: what was told of the call is sent on the way out. */
  leave(): void { void this.#tellQuality(true, true); this.#close(); }

  // ------------------------------------------------------------------------------------ the socket

  async #open(url: string): Promise<void> {
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#tries = 0;
      // Only what still flows is resumed: otherwise both may wait for words that were lost, and begin anew.
      if (this.#entered && this.#connection?.connectionState === "connected") this.#send("call.resume", { resume_key: this.#resumeKey, epoch: this.#epoch });
      else this.#begin();
    });
    // One after another: a description waits until the frame before it has made its connection.
    socket.addEventListener("message", ({ data }) => {
      this.#hearing = this.#hearing.then(() => this.#hear(JSON.parse(String(data)))).catch((error) => console.warn("a frame was not understood", error));
    });
    socket.addEventListener("close", () => { if (socket === this.#socket && !this.#over) void this.#again(); });
  }

  /** Says hello, and knows nothing of the other side any more. */
  #begin(): void {
    this.#entered = false;
    this.#connection?.close();
    this.#connection = undefined;
    this.#peerEpoch = 0;
    this.#ahead = [];
    this.#send("call.hello", {});
  }

  /** Another socket for the same call. Media go on meanwhile: they do not pass through it. */
  async #again(): Promise<void> {
    const wait = RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)];
    await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random())));
    if (this.#over) return;
    try { await this.join(); } catch (error) {
      if (error instanceof Problem && (error.code === "call_over" || error.status === 404 || error.status === 401)) await this.#look();
      else void this.#again();
    }
  }

  /** Asks how far the call is. */
  async #look(): Promise<void> {
    const { api, path, token } = this.#options;
    try { this.#become(await ask<CallView>(api, "GET", path, await token())); } catch { this.#become({ ...(this.#call as CallView), state: "ended", reason: this.#call?.reason ?? null }); }
  }

  #send(t: string, more: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ t, call: this.#call?.id, ...more }));
  }

  async #hear(frame: Frame): Promise<void> {
    if (this.#over || (frame.call && frame.call !== this.#call?.id)) return;
    // The other may come while this side waits for the answer to its hello.
    if (!this.#entered && (frame.t === "call.joined" || frame.t === "call.back")) { this.#ahead.push(frame); return; }
    switch (frame.t) {
      case "call.hello": {
        const anew = !this.#entered || frame.epoch !== this.#epoch;
        this.#entered = true;
        this.#epoch = frame.epoch;
        this.#resumeKey = frame.resume_key;
        clearInterval(this.#alive);
        this.#alive = setInterval(() => this.#sayAlive(), frame.alive_seconds * 1000);
        this.#become({ ...(this.#call as CallView), state: frame.state, deadline: frame.deadline });
        // What was resumed goes on: only another epoch begins another connection.
        const theirs = Math.max(this.#peerEpoch, frame.peer.there ? frame.peer.epoch : 0);
        if (theirs > (anew ? 0 : this.#peerEpoch)) await this.#meet(theirs);
        else if (anew) this.#options.listener.notice("Waiting for the other side.");
        else this.#sayAgain();
        this.#sayAlive();
        this.#tellMedia();
        for (const one of this.#ahead.splice(0)) await this.#hear(one);
        break;
      }
      case "call.joined":
        // It overtook the `call.changed` that says that the call was taken, and their offer may come next.
        if (this.#call?.state === "ringing") await this.#look();
        if (frame.epoch > this.#peerEpoch || !this.#connection) await this.#meet(frame.epoch);
        this.#tellMedia();
        break;
      case "call.back":
        if (frame.epoch > this.#peerEpoch) await this.#meet(frame.epoch);
        else this.#sayAgain();
        this.#tellMedia();
        break;
      case "call.sdp": if (this.#fits(frame as Said)) await this.#describe(frame as Said); break;
      case "call.ice": if (frame.epoch === this.#peerEpoch) await this.#candidates(frame.candidates); break;
      case "call.media": this.#remoteScreenOn = frame.screen; this.#options.listener.media(frame as unknown as Media); this.#showRemote(); break;
      case "call.share": if (frame.from === this.#side) await this.#shared(frame.on); break;
      case "call.mute": this.#options.listener.muteAsked(); break;
      case "call.acked": this.#options.listener.notice("It rings."); break;
      case "call.state": this.#become({ ...(this.#call as CallView), state: frame.state, reason: frame.reason ?? null }); if (frame.peer_away) this.#options.listener.notice("The other side is not answering. Waiting for it to come back."); break;
      case "call.changed": await this.#look(); break;
      case "drain": this.#socket?.close(); break;
      case "error": await this.#fault(frame.code); break;
      default: break;
    }
  }

  async #fault(code: string): Promise<void> {
    const { listener } = this.#options;
    if (code === "call_over") await this.#look();
    else if (code === "screen_taken") { this.#stopScreen(); listener.notice("The other side shows a screen already."); }
    else if (code === "stale_epoch" || code === "not_in_call") this.#begin();
    else if (code === "session_over") this.#socket?.close();
  }

  /** Descriptions are taken once and in their order. */
  #fits(frame: Said): boolean {
    if (frame.epoch !== this.#peerEpoch || (frame.n ?? 0) <= this.#heard) return false;
    this.#heard = frame.n ?? 0;
    return true;
  }

  /** What was said while a socket was away is lost: an offer, the ways, the wish to show a screen. */
  #sayAgain(): void {
    const connection = this.#connection;
    if (connection?.signalingState === "have-local-offer") this.#sayDescription(connection);
    if (connection && connection.connectionState !== "connected") void this.#restartIce();
    if (this.#screen && !this.#screenSenders.length) this.#send("call.share", { on: true });
  }

  #sayAlive(): void { this.#send("call.alive", { connected: this.#connection?.connectionState === "connected" }); }

  #tellMedia(): void {
    const { audio, video, screen } = this.#media;
    this.#send("call.media", { audio, video, screen });
  }

  #become(call: CallView): void {
    const before = this.#call?.state;
    this.#call = call;
    if (call.state === "connecting" && !this.#acceptedAt) this.#acceptedAt = Date.now();
    if (before !== call.state) {
      clearTimeout(this.#knock);
      const wait = KNOCK_MS[call.state];
      if (wait) this.#knock = setTimeout(() => void this.#sayTimeIsOver(), wait);
      this.#options.listener.state(call.state, call.reason);
    }
    if (call.state === "ended" && !this.#over) { void this.#tellQuality(true); this.#close(); }
    // The other was there before the call was taken.
    if (call.state === "connecting" && before === "ringing" && this.#peerEpoch && !this.#connection) void this.#meet(this.#peerEpoch);
  }

  /** The server's clock decides; who waits says that it may be time. */
  async #sayTimeIsOver(): Promise<void> {
    const { api, path, token } = this.#options;
    try { this.#become(await ask<CallView>(api, "POST", `${path}/knock`, await token())); } catch { await this.#look(); }
  }

  #close(): void {
    this.#over = true;
    clearTimeout(this.#knock);
    for (const timer of [this.#alive, this.#watch, this.#checkpoint]) clearInterval(timer);
    clearTimeout(this.#restart);
    this.#connection?.close();
    this.#connection = undefined;
    for (const track of [...(this.#camera?.getTracks() ?? []), ...(this.#screen?.getTracks() ?? [])]) track.stop();
    this.#socket?.close();
    this.#options.listener.remote(null, null);
  }

  // ---------------------------------------------------------------------------- the other device

  /** The other device is there, for the first time or anew: a connection of its own for each time. */
  async #meet(epoch: number): Promise<void> {
    this.#peerEpoch = epoch;
    const state = this.#call?.state;
    if (this.#over || (state !== "connecting" && state !== "active")) return;
    this.#heard = 0;
    clearTimeout(this.#restart);
    this.#restart = undefined;
    this.#connection?.close();
    this.#early = [];
    const connection = new RTCPeerConnection({ iceServers: this.#ice.servers, iceTransportPolicy: this.#options.policy ?? this.#ice.policy, bundlePolicy: "max-bundle" });
    this.#connection = connection;
    this.#makingOffer = this.#ignoreOffer = false;
    this.#screenSenders = [];
    connection.addEventListener("negotiationneeded", () => void this.#offer(connection));
    connection.addEventListener("icecandidate", ({ candidate }) => { if (candidate) this.#findCandidate(connection, candidate); });
    connection.addEventListener("signalingstatechange", () => { if (connection === this.#connection && connection.signalingState === "stable") this.#showRemote(); });
    connection.addEventListener("connectionstatechange", () => this.#changed(connection));
    for (const track of this.#camera?.getTracks() ?? []) connection.addTrack(track, this.#camera as MediaStream);
    if (!this.#camera) for (const kind of ["audio", "video"]) connection.addTransceiver(kind, { direction: "recvonly" });
    if (this.#screen) await this.#shared(true);
    clearInterval(this.#watch);
    clearInterval(this.#checkpoint);
    this.#watch = setInterval(() => void this.#measure(), STATS_MS);
    this.#checkpoint = setInterval(() => void this.#tellQuality(false), CHECKPOINT_MS);
  }

  /** Perfect negotiation (W3C): both may offer at any time; the server said who gives way. */
  async #offer(connection: RTCPeerConnection): Promise<void> {
    try {
      this.#makingOffer = true;
      await connection.setLocalDescription();
      this.#sayDescription(connection);
    } catch (error) { console.warn("no offer", error); } finally { this.#makingOffer = false; }
  }

  #sayDescription(connection: RTCPeerConnection): void {
    const description = connection.localDescription;
    if (connection !== this.#connection || !description) return;
    this.#send("call.sdp", { epoch: this.#epoch, n: ++this.#n, kind: description.type, sdp: description.type === "rollback" ? undefined : description.sdp });
  }

  async #describe(frame: Said): Promise<void> {
    const connection = this.#connection;
    if (!connection) return;
    const collision = frame.kind === "offer" && (this.#makingOffer || connection.signalingState !== "stable");
    this.#ignoreOffer = !this.#polite && collision;
    if (this.#ignoreOffer) {
      // The other may have been away when this side offered.
      if (connection.signalingState === "have-local-offer") this.#sayDescription(connection);
      return;
    }
    // To an offer that was said again.
    if (frame.kind === "answer" && connection.signalingState !== "have-local-offer") return;
    await connection.setRemoteDescription({ type: frame.kind as RTCSdpType, sdp: frame.sdp });
    for (const candidate of this.#early.splice(0)) await connection.addIceCandidate(candidate).catch(() => undefined);
    if (frame.kind === "offer") {
      await connection.setLocalDescription();
      this.#sayDescription(connection);
    }
  }

  async #candidates(candidates: { candidate: string; mid?: string; line?: number }[]): Promise<void> {
    for (const { candidate, mid, line } of candidates) {
      const one = { candidate, sdpMid: mid ?? null, sdpMLineIndex: line ?? null };
      if (!this.#connection?.remoteDescription) { this.#early.push(one); continue; }
      await this.#connection.addIceCandidate(one).catch((error) => { if (!this.#ignoreOffer) console.warn("a candidate was refused", error); });
    }
  }

  /** Candidates go together: one frame for those of 50 ms. */
  #findCandidate(connection: RTCPeerConnection, candidate: RTCIceCandidate): void {
    if (connection !== this.#connection) return;
    this.#found.push(candidate);
    this.#batch ??= setTimeout(() => {
      this.#batch = undefined;
      const found = this.#found.splice(0);
      for (let at = 0; at < found.length; at += 20) {
        const candidates = found.slice(at, at + 20).map((one) => ({ candidate: one.candidate, mid: one.sdpMid ?? undefined, line: one.sdpMLineIndex ?? undefined }));
        this.#send("call.ice", { epoch: this.#epoch, n: ++this.#n, candidates });
      }
    }, BATCH_MS);
  }

  #changed(connection: RTCPeerConnection): void {
    if (connection !== this.#connection) return;
    const { listener } = this.#options;
    if (connection.connectionState === "connected") {
      clearTimeout(this.#restart);
      this.#restart = undefined;
      this.#seen.connect ??= this.#acceptedAt ? Date.now() - this.#acceptedAt : undefined;
      this.#sayAlive();
      this.#showRemote();
      void this.#sayWords(connection);
    } else if (connection.connectionState === "failed") this.#restartIce();
    else if (connection.connectionState === "disconnected") {
      listener.quality(0, "Looking for a way to the other side");
      this.#restart ??= setTimeout(() => { this.#restart = undefined; if (connection.connectionState !== "connected") this.#restartIce(); }, RESTART_AFTER_MS);
    }
  }

  /** Looks for the way anew, with fresh credentials of the relay. */
  async #restartIce(): Promise<void> {
    const connection = this.#connection;
    if (!connection || this.#over) return;
    this.#seen.restarts += 1;
    const { api, path, token } = this.#options;
    try {
      this.#ice = await ask<Ice>(api, "POST", `${path}/ice`, await token());
      connection.setConfiguration({ ...connection.getConfiguration(), iceServers: this.#ice.servers });
    } catch { /* With the credentials there are. */ }
    connection.restartIce();
  }
  restartIce(): Promise<void> { return this.#restartIce(); }

  async #shared(on: boolean): Promise<void> {
    if (!on) { if (this.#screen) this.#stopScreen(); return; }
    if (!this.#screen || !this.#connection || this.#screenSenders.length) return;
    this.#screenSenders = this.#screen.getTracks().map((track) => (this.#connection as RTCPeerConnection).addTrack(track, this.#screen as MediaStream));
    this.#media.screen = true;
    this.#tellMedia();
  }

  /** The first picture is the camera's; a second one is a screen. What comes in is what was agreed on last. */
  #showRemote(): void {
    const receiving = this.#connection?.getTransceivers().filter(({ currentDirection }) => currentDirection === "sendrecv" || currentDirection === "recvonly") ?? [];
    const tracks = receiving.map(({ receiver }) => receiver.track);
    const [camera, screen] = tracks.filter(({ kind }) => kind === "video");
    const first = [...tracks.filter(({ kind }) => kind === "audio"), ...(camera ? [camera] : [])];
    this.#options.listener.remote(first.length ? new MediaStream(first) : null, screen && this.#remoteScreenOn ? new MediaStream([screen]) : null);
  }

  /** Four words from both fingerprints: equal on both sides when nobody sits between them. */
  async #sayWords(connection: RTCPeerConnection): Promise<void> {
    const print = (sdp?: string) => /a=fingerprint:sha-256 ([0-9A-F:]+)/i.exec(sdp ?? "")?.[1] ?? "";
    const prints = [print(connection.localDescription?.sdp), print(connection.remoteDescription?.sdp)].sort().join("|");
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(prints)));
    this.#options.listener.words([0, 2, 4, 6].map((at) => WORDS[(hash[at] * 256 + hash[at + 1]) % WORDS.length]).join(" "));
  }

  // ------------------------------------------------------------------------------- how well it goes

  async #measure(): Promise<void> {
    const connection = this.#connection;
    if (!connection || connection.connectionState !== "connected") return;
    const stats = await connection.getStats();
    this.#count(stats);
    let rtt: number | undefined, lost = 0, received = 0, jitter: number | undefined;
    stats.forEach((one) => {
      if (one.type === "candidate-pair" && one.nominated && one.currentRoundTripTime !== undefined) rtt = one.currentRoundTripTime * 1000;
      if (one.type === "inbound-rtp") { lost += one.packetsLost ?? 0; received += one.packetsReceived ?? 0; if (one.kind === "audio") jitter = (one.jitter ?? 0) * 1000; }
    });
    const loss = received ? Math.round((Math.max(lost, 0) * 1000) / (received + Math.max(lost, 0))) : 0;
    if (rtt !== undefined) this.#seen.rtt.push(rtt);
    if (jitter !== undefined) this.#seen.jitter.push(jitter);
    this.#seen.loss.push(loss);
    const bars = loss > 100 || (rtt ?? 0) > 800 ? 1 : loss > 40 || (rtt ?? 0) > 400 ? 2 : loss > 10 || (rtt ?? 0) > 200 ? 3 : 4;
    this.#options.listener.quality(bars, ["", "Bad connection", "Weak connection", "Fair connection", "Good connection"][bars]);
  }

  #count(stats: RTCStatsReport): void {
    const told: Record<string, unknown> = {};
    stats.forEach((one) => {
      if (one.type === "inbound-rtp" && one.kind === "video") { told.freezes = one.freezeCount ?? 0; told.freeze_ms = Math.round((one.totalFreezesDuration ?? 0) * 1000); told.frames_per_second = Math.round(one.framesPerSecond ?? 0); }
      if (one.type === "inbound-rtp" && one.kind === "audio" && one.totalSamplesReceived) told.concealed_permille = Math.min(1000, Math.round(((one.concealedSamples ?? 0) * 1000) / one.totalSamplesReceived));
      if (one.type === "candidate-pair" && one.nominated) {
        const local = stats.get(one.localCandidateId);
        if (local) { told.relayed = local.candidateType === "relay"; told.transport = local.relayProtocol ?? local.protocol; }
      }
    });
    Object.assign(this.#seen.counted, told);
  }

  /** Counts and closed words: no address, no name of a device. */
  async #tellQuality(last: boolean, keepalive = false): Promise<void> {
    if (this.#seen.told || !this.#acceptedAt) return;
    this.#seen.told = last;
    const { api, path, token } = this.#options;
    const rank = (values: number[], share: number) => { const sorted = [...values].sort((a, b) => a - b); const at = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]; return at === undefined ? undefined : Math.round(at); };
    const told: Record<string, unknown> = {
      last, connect_ms: this.#seen.connect, ice_restarts: this.#seen.restarts, rtt_p50_ms: rank(this.#seen.rtt, 0.5), rtt_p95_ms: rank(this.#seen.rtt, 0.95),
      jitter_ms: rank(this.#seen.jitter, 0.5), loss_permille: this.#seen.loss.at(-1),
    };
    try {
      // What was counted last: a connection that closes counts nothing any more.
      if (!last) await this.#measure();
      Object.assign(told, this.#seen.counted);
      await ask(api, "POST", `${path}/quality`, await token(), told, keepalive);
    } catch { /* Nobody's call fails for its figures. */ }
  }
}

// ------------------------------------------------------------------------------------------- devices

/** A camera and a microphone; sound alone where there is no camera, and nothing where all is refused. */
export async function devices(kind: string, wanted: { camera?: string; microphone?: string } = {}): Promise<MediaStream | null> {
  const audio = { deviceId: wanted.microphone ? { exact: wanted.microphone } : undefined, echoCancellation: true };
  const video = kind === "audio" ? false : { deviceId: wanted.camera ? { exact: wanted.camera } : undefined, width: { ideal: 640 }, height: { ideal: 480 } };
  for (const asked of [{ audio, video }, { audio, video: false }]) {
    try { return await navigator.mediaDevices.getUserMedia(asked); } catch { /* The next best. */ }
  }
  return null;
}

/** Cameras and microphones there are, by name: told to the person in front of them and to nobody else. */
export async function choices(): Promise<{ kind: string; id: string; label: string }[]> {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all.filter(({ kind }) => kind !== "audiooutput").map(({ kind, deviceId, label }, at) => ({ kind, id: deviceId, label: label || `Device ${at + 1}` }));
}
