/** Playback of a video: play, sound, loop and speed. */

import { name, part } from "./dom";
import type { Memory } from "./memory";
import { say } from "./messages";
import type { ScrubBar } from "./scrub_bar";
import type { Source } from "./source";
import { USUAL_SPEED } from "./speeds";

const SEEK_S = 5;
/** Duration of a frame where the file does not tell it. */
const FRAME_S = 1 / 30;

export class Transport {
  private readonly bar = part("transport", HTMLElement);
  private readonly play = part("play", HTMLButtonElement);
  private readonly start = part("start", HTMLButtonElement);
  private readonly mute = part("mute", HTMLButtonElement);
  private readonly volume = part("volume", HTMLInputElement);
  private readonly loop = part("loop", HTMLButtonElement);
  private source: Source | null = null;

  constructor(
    private readonly scrub: ScrubBar,
    private readonly memory: Memory,
  ) {
    this.play.onclick = this.start.onclick = () => this.togglePlaying();
    this.mute.onclick = () => this.toggleSound();
    this.loop.onclick = () => this.toggleLoop();
    this.volume.oninput = () => this.setVolume(Number(this.volume.value));
  }

  private get video(): HTMLVideoElement | null {
    return this.source?.video ?? null;
  }

  private get frameS(): number {
    return this.source?.facts?.frameS ?? FRAME_S;
  }

  /** Set the source whose video is played, if it has one; `starts` says whether it does so now. */
  take(source: Source, starts: boolean): void {
    this.source = source;
    const { video } = this;
    this.scrub.take(video, this.frameS);
    this.bar.hidden = this.loop.hidden = !video;
    this.mute.hidden = this.volume.hidden = !video || source.facts?.hasSound === false;
    this.start.hidden = true;
    if (!video) return;
    for (const event of ["play", "pause", "ended", "volumechange", "durationchange"]) {
      video.addEventListener(event, () => this.update());
    }
    this.recall();
    if (source.isLoop) video.muted = true;
    video.addEventListener("seeking", () => (this.start.hidden = true));
    if (starts) void this.run(video);
    else this.start.hidden = false;
    this.update();
  }

  /** Apply what was chosen for earlier videos; loops loop in any case. */
  recall(): void {
    const { video, source } = this;
    if (!video) return;
    const { isLoop, speed, isMuted, volume } = this.memory.remembered;
    video.loop = source?.isLoop || (isLoop ?? true);
    video.defaultPlaybackRate = video.playbackRate = speed ?? USUAL_SPEED;
    video.volume = volume ?? 1;
    video.muted = isMuted ?? false;
    this.update();
  }

  togglePlaying(): void {
    const { video } = this;
    if (video?.error) {
      say("");
      video.load(); // it does not play again otherwise
    }
    if (video?.paused) void this.run(video);
    else video?.pause();
  }

  /** Pause, and show the button that starts again. */
  stop(): void {
    this.video?.pause();
    this.start.hidden = false;
    this.update();
  }

  /** Seek by steps of 5 seconds. */
  seek(steps: number): void {
    this.scrub.seek(this.scrub.nowS + steps * SEEK_S);
  }

  seekToStart(): void {
    this.scrub.seek(0);
  }

  /** Seek to the last frame. */
  seekToEnd(): void {
    if (this.video) this.scrub.seek(this.video.duration);
  }

  /** Pause, and seek to the middle of another frame. */
  step(frames: number): void {
    this.video?.pause();
    const { frameS } = this;
    const frame = Math.floor(this.scrub.nowS / frameS + 0.001) + frames;
    const last = Math.max(0, Math.round((this.video?.duration ?? 0) / frameS) - 1);
    this.scrub.seek((Math.min(last, Math.max(0, frame)) + 0.5) * frameS);
  }

  toggleSound(): void {
    const { video } = this;
    if (!video || this.mute.hidden) return;
    video.muted = !video.muted;
    if (!video.muted && video.volume === 0) video.volume = 1;
    this.memory.keep({ isMuted: video.muted, volume: video.volume });
  }

  toggleLoop(): void {
    const { video } = this;
    if (!video) return;
    video.loop = !video.loop;
    if (!this.source?.isLoop) this.memory.keep({ isLoop: video.loop });
    this.update();
  }

  /** Show the time, as a new frame is shown. */
  tick(): void {
    this.scrub.update();
  }

  private setVolume(volume: number): void {
    if (!this.video) return;
    this.video.volume = volume;
    this.video.muted = volume === 0;
    this.memory.keep({ volume, isMuted: this.video.muted });
  }

  /** Play; muted if the browser requires a click for sound. */
  private async run(video: HTMLVideoElement): Promise<void> {
    try {
      await video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError" || video.muted) return;
      video.muted = true;
      await this.run(video);
    }
  }

  private update(): void {
    const { video } = this;
    if (!video) return;
    if (!video.paused) this.start.hidden = true;
    name(this.play, video.paused ? "Play" : "Pause", "Space", !video.paused);
    name(this.mute, video.muted ? "Unmute" : "Mute", "M", video.muted);
    this.loop.setAttribute("aria-pressed", String(video.loop));
    const volume = video.muted ? 0 : video.volume;
    this.volume.value = String(volume);
    this.volume.setAttribute("aria-valuetext", `${Math.round(100 * volume)}%`);
    this.scrub.update();
  }
}
