import { addClient, addServer, initAuthority } from "../../lib/pki/store.ts";

/** A folder with an authority, a server for localhost, and clients root (admin), alice and bob (operators), eve (user). */
export async function makeCertificates(folder: string): Promise<void> {
  await initAuthority(folder);
  await addServer(folder, ["localhost", "127.0.0.1"]);
  await addClient(folder, "root", { role: "admin" });
  await addClient(folder, "alice");
  await addClient(folder, "bob");
  await addClient(folder, "eve", { role: "user" });
}
