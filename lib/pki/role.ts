/**
 * What a user may do: an admin everything, a user look at any job and change none, an operator start jobs and see and
 * stop those.
 */
export type Role = "admin" | "user" | "operator";

/** The certificate extensions that carry a role, by dotted object identifier. An operator's certificate has neither. */
export const ROLE_EXTENSIONS: Readonly<Record<Exclude<Role, "operator">, string>> = {
  admin: "1.3.6.1.4.1.12345.1.1",
  user: "1.3.6.1.4.1.12345.1.2",
};
