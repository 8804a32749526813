import config from "../../deno.json" with { type: "json" };

/** Version of Teleworker, by semver.org; deno.json is the one place where it stands. */
export const VERSION: string = config.version;
