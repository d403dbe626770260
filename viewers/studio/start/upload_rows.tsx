import { IconButton } from "../parts/button";
import { Icon } from "../parts/icon";
import { texts } from "../texts";
import { dismiss, uploads } from "./uploads";

/** Files on their way, and why some were refused. */
export function UploadRows() {
  return (
    <ul class="uploads" aria-label={texts.start.uploads}>
      {uploads.value.map(({ key, name, url, share, problem }) => (
        <li key={key} class={problem ? "refused" : ""} role={problem ? "alert" : undefined}>
          {url ? <img src={url} alt="" /> : <Icon name={problem ? "warn" : "picture"} />}
          <span class="upload-text">
            <span class="upload-name">{name}</span>
            <span class="upload-detail">{problem || texts.start.sending(share)}</span>
          </span>
          {problem && <IconButton icon="close" label={texts.start.dismiss(name)} onClick={() => dismiss(key)} />}
        </li>
      ))}
    </ul>
  );
}
