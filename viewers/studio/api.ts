import { connection } from "./state";
import { texts } from "./texts";

/** An answer that says what is wrong, in words for people. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** The rest of the answer. */
    readonly answer: Readonly<Record<string, unknown>>,
  ) {
    super(message);
  }
}

/** The server does not answer. */
export class Unreachable extends Error {
  constructor() {
    super(texts.server.gone);
  }
}

/** Return the address of a path below the page's own, `api/...`. */
export function addressOf(path: string): string {
  return new URL(`api/${path}`, document.baseURI).href;
}

/** Return an answer of the server; refusals are thrown. */
async function answered(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(addressOf(path), { cache: "no-store", ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    connection.value = "gone";
    throw new Unreachable();
  }
  connection.value = "here";
  if (!response.ok) throw await refusalOf(response.status, await response.text());
  return response;
}

function refusalOf(status: number, body: string): Refusal {
  let answer: Record<string, unknown> = {};
  try {
    answer = JSON.parse(body) as Record<string, unknown>;
  } catch {
    // an answer in plain words
  }
  const { error } = answer;
  return new Refusal(status, typeof error === "string" && error ? error : texts.server.failed(status), answer);
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await answered(path, signal ? { signal } : {})).json()) as T;
}

function requestOf(method: string, body: unknown, signal: AbortSignal | undefined): RequestInit {
  const init: RequestInit = { method, ...(signal && { signal }) };
  if (body === undefined) return init;
  return { ...init, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

/** Send JSON; return the answer's, or undefined if it is empty. */
export async function send<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const text = await (await answered(path, requestOf(method, body, signal))).text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** Browsers refuse longer bodies of requests that outlive the page. */
const MAX_LASTING_BYTES = 60_000;

/** Send JSON, so that it arrives even if the page is closed meanwhile; return the answer's. */
export async function sendLasting<T>(method: string, path: string, body: unknown): Promise<T> {
  const init = requestOf(method, body, undefined);
  const keepalive = new Blob([String(init.body)]).size <= MAX_LASTING_BYTES;
  return (await (await answered(path, { ...init, keepalive })).json()) as T;
}

export interface Bytes {
  readonly bytes: ArrayBuffer;
  readonly headers: Headers;
}

/** Return the bytes of an answer, to JSON if a body is given. */
export async function bytes(path: string, signal?: AbortSignal, method = "GET", body?: unknown): Promise<Bytes> {
  const response = await answered(path, requestOf(method, body, signal));
  return { bytes: await response.arrayBuffer(), headers: response.headers };
}

/** Send a file; `progress` is called with the share that has been sent. */
export function upload<T>(path: string, file: Blob, progress: (share: number) => void): Promise<T> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest(); // fetch tells nothing of what it has sent
    request.open("POST", addressOf(path));
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    request.onload = () => {
      connection.value = "here";
      if (request.status < 300) done(JSON.parse(request.responseText) as T);
      else fail(refusalOf(request.status, request.responseText));
    };
    request.onerror = () => fail(new Unreachable());
    request.send(file);
  });
}
