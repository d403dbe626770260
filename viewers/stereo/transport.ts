/** Playback of a video: the upper row of buttons. */

import { name, part } from "./dom";

const SEEK_S = 5;

export class Transport {
  private readonly bar = part("transport", HTMLElement);
  private readonly play = part("play", HTMLButtonElement);
  private readonly time = part("time", HTMLOutputElement);
  private readonly position = part("position", HTMLInputElement);
  private readonly mute = part("mute", HTMLButtonElement);
  private readonly volume = part("volume", HTMLInputElement);
  private readonly loop = part("loop", HTMLButtonElement);
  private video: HTMLVideoElement | null = null;
  private isLoop = true;

  constructor() {
    this.play.onclick = () => this.togglePlaying();
    this.mute.onclick = () => this.toggleSound();
    this.loop.onclick = () => this.toggleLoop();
    this.position.oninput = () => {
      if (this.video) this.video.currentTime = Number(this.position.value);
    };
    this.volume.oninput = () => {
      if (!this.video) return;
      this.video.volume = Number(this.volume.value);
      this.video.muted = this.video.volume === 0;
    };
    this.toggleLoop(true);
  }

  /** Set the video to play, or null; it starts unless the user prefers reduced motion. */
  take(video: HTMLVideoElement | null): void {
    const before = this.video;
    this.video = video;
    this.bar.hidden = !video;
    if (!video) return;
    video.loop = this.isLoop;
    if (before) [video.volume, video.muted] = [before.volume, before.muted];
    for (const event of ["play", "pause", "timeupdate", "seeking", "volumechange", "durationchange"]) {
      video.addEventListener(event, () => this.update());
    }
    this.update();
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) void this.start(video);
  }

  togglePlaying(): void {
    if (this.video?.paused) void this.start(this.video);
    else this.video?.pause();
  }

  /** Seek by steps of 5 seconds. */
  seek(steps: number): void {
    if (this.video) this.video.currentTime += steps * SEEK_S;
  }

  toggleSound(): void {
    if (!this.video) return;
    this.video.muted = !this.video.muted;
    if (!this.video.muted && this.video.volume === 0) this.video.volume = 1;
  }

  toggleLoop(isLoop = !this.isLoop): void {
    this.isLoop = isLoop;
    if (this.video) this.video.loop = isLoop;
    this.loop.setAttribute("aria-pressed", String(isLoop));
  }

  /** Play; muted if the browser requires a click for sound. */
  private async start(video: HTMLVideoElement): Promise<void> {
    try {
      await video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError" || video.muted) return;
      video.muted = true;
      await this.start(video);
    }
  }

  private update(): void {
    const { video } = this;
    if (!video) return;
    const [now, all] = [clock(video.currentTime), clock(video.duration)];
    name(this.play, video.paused ? "Play" : "Pause", "Space", !video.paused);
    name(this.mute, video.muted ? "Unmute" : "Mute", "M", video.muted);
    this.time.value = `${now} / ${all}`;
    this.position.max = String(Number.isFinite(video.duration) ? video.duration : 0);
    this.position.value = String(video.currentTime);
    this.position.setAttribute("aria-valuetext", `${now} of ${all}`);
    this.volume.value = String(video.muted ? 0 : video.volume);
  }
}

function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–:––";
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}
