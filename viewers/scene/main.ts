import "./attributes";

import type { KbvrPhoto } from "../photo/element";
import "../photo/element";

const photo = document.querySelector<KbvrPhoto>("kbvr-photo")!;
document.addEventListener("keydown", (event) => event.target === document.body && photo.press(event));
