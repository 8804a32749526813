/**
 * Says which of its arguments is not UTF-8.
 * @module
 */
import { findNotUtf8Argument } from "../../lib/base/utf8.ts";

console.log(String(await findNotUtf8Argument(Deno.args)));
