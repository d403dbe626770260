import { render } from "preact";

import { getJson } from "./api";
import { App } from "./app";
import { follow } from "./events";
import { schema, tellProblem } from "./state";
import { adopt } from "./style";
import base from "./style/base.css?inline";
import layout from "./style/layout.css?inline";
import type { Schema } from "./types";

adopt(base, layout);
render(<App />, document.getElementById("app")!);
void follow();
getJson<Schema>("schema").then((answer) => (schema.value = answer), tellProblem);
