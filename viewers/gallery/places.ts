/** Where the files of photos are; kbvr/gallery/places.py writes them there. */

const FOLDER = "kbvr-gallery";

export const thumbnailOf = (key: string): string => placeOf("thumbs", key, "webp");
export const pictureOf = (key: string): string => placeOf("pictures", key, "webp");
export const sceneOf = (key: string): string => placeOf("scenes", key, "js");

function placeOf(what: string, key: string, suffix: string): string {
  return `${FOLDER}/${what}/${key.slice(0, 2)}/${key}.${suffix}`;
}
