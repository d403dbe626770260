// Reads files as the page of stereo pictures does, one after the other: a length and bytes come, a line of JSON goes.

import { stereoIn } from "../../viewers/stereo/stereo_jpeg.ts";
import { codecIn } from "../../viewers/stereo/codec.ts";

function answerOf(bytes) {
  try {
    const found = stereoIn(bytes, "pair.mpo");
    const codec = codecIn(bytes);
    return { pictures: found?.pictures.map((one) => one.size) ?? [], layout: found?.layout ?? null, codec };
  } catch (error) {
    return { error: `${error.name}: ${error.message}` };
  }
}

let waiting = Buffer.alloc(0);
for await (const chunk of process.stdin) {
  waiting = Buffer.concat([waiting, chunk]);
  while (waiting.length >= 4 && waiting.length >= 4 + waiting.readUInt32LE(0)) {
    const end = 4 + waiting.readUInt32LE(0);
    process.stdout.write(`${JSON.stringify(answerOf(Uint8Array.from(waiting.subarray(4, end))))}\n`);
    waiting = waiting.subarray(end);
  }
}
