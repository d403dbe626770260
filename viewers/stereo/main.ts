/** The stereo player: a page that shows stereo pictures and videos on flat screens and in headsets. */

import { type Config, configOf } from "./config";
import { part } from "./dom";
import { listen } from "./gestures";
import { type KeyMap, press } from "./keys";
import { say, sayBriefly, wordsOf } from "./messages";
import { Panels } from "./panels";
import styles from "./player.css?inline";
import { showPlainly } from "./plain";
import { Player } from "./player";
import { choose, receive } from "./receiving";
import { openFile, openUrl } from "./source";
import { VIEWS, type ViewName } from "./views";
import { hasHeadset } from "./xr";

const KEY_TURN = 0.08;
const KEY_ZOOM = 1.15;

/** Start the player; `unknown` is what the address asks for in vain. */
function begin(config: Config, unknown: string): void {
  const canvas = part("canvas", HTMLCanvasElement);
  const player = playerOf(canvas, config);
  if (!player) return;
  const panels = new Panels();
  connect(player);
  const pressed = keysOf(player, panels);
  addEventListener("keydown", (event) => press(event, pressed));
  let wasIdle = false;
  addEventListener("pointerdown", () => (wasIdle = panels.isIdle), { capture: true });
  listen(canvas, {
    turned: (right, down, zoom) => player.turn(right, down, zoom),
    // The first touch brings back the bar.
    clicked: (kind) => (kind === "touch" && wasIdle) || player.togglePlaying(),
  });
  canvas.addEventListener("dblclick", toggleFullScreen);
  canvas.addEventListener("webglcontextlost", () => say("The graphics driver has stopped: please reload the page."));
  receive((file) => void player.open(() => openFile(file, player.painter.maxSidePx)));
  const { src } = config;
  const title = document.title === "kbvr" ? undefined : document.title.replace(/ – kbvr$/, "");
  if (src) {
    const opened = player.open((progress) => openUrl(src, player.painter.maxSidePx, progress), title);
    if (unknown) void opened.then((isShown) => isShown && sayBriefly(unknown));
  } else {
    part("welcome", HTMLElement).hidden = false;
    say(unknown);
  }
}

/** Return the player; null if it cannot draw, which is told, and the file is shown without it. */
function playerOf(canvas: HTMLCanvasElement, config: Config): Player | null {
  try {
    return new Player(canvas, config);
  } catch (error) {
    say(wordsOf(error));
    showPlainly(config.src);
    return null;
  }
}

/** Give the buttons that need no state their actions. */
function connect(player: Player): void {
  const [full, headset] = [part("full", HTMLButtonElement), part("headset", HTMLButtonElement)];
  full.onclick = toggleFullScreen;
  full.hidden = !document.fullscreenEnabled;
  headset.onclick = () => void player.enter();
  void hasHeadset().then((isThere) => (headset.hidden = !isThere));
  part("save", HTMLButtonElement).onclick = () => void player.save();
  part("reset", HTMLButtonElement).onclick = () => player.reset();
}

function keysOf(player: Player, panels: Panels): KeyMap {
  const { transport, choices } = player;
  const views = Object.keys(VIEWS) as ViewName[];
  return {
    " ": () => player.togglePlaying(),
    k: () => player.togglePlaying(),
    ArrowLeft: () => transport.seek(-1),
    ArrowRight: () => transport.seek(1),
    "Shift+ArrowLeft": () => transport.step(-1),
    "Shift+ArrowRight": () => transport.step(1),
    ",": () => transport.step(-1),
    ".": () => transport.step(1),
    Home: () => transport.seekToStart(),
    End: () => transport.seekToEnd(),
    "<": () => choices.changeSpeed(-1),
    ">": () => choices.changeSpeed(1),
    m: () => transport.toggleSound(),
    l: () => transport.toggleLoop(),
    x: () => choices.toggleSwap(),
    a: () => player.turn(-KEY_TURN, 0, 1),
    d: () => player.turn(KEY_TURN, 0, 1),
    w: () => player.turn(0, -KEY_TURN, 1),
    s: () => player.turn(0, KEY_TURN, 1),
    "+": () => player.turn(0, 0, 1 / KEY_ZOOM),
    "=": () => player.turn(0, 0, 1 / KEY_ZOOM),
    "-": () => player.turn(0, 0, KEY_ZOOM),
    r: () => player.lookAhead(),
    p: () => void player.save(),
    o: choose,
    f: toggleFullScreen,
    v: () => void player.enter(),
    "?": () => panels.toggleHelp(),
    Escape: () => panels.escape(),
    ...Object.fromEntries(views.map((view, place) => [String(place + 1), () => choices.chooseView(view)])),
  };
}

function toggleFullScreen(): void {
  if (!document.fullscreenEnabled) return;
  void (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
}

const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);
document.adoptedStyleSheets = [sheet];
const unknown: string[] = [];
const config = configOf(new URL(location.href), (problem) => unknown.push(problem.message));
try {
  begin(config, unknown.join(" "));
} catch (error) {
  say(wordsOf(error));
}
