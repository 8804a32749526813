# An image with the daemon and the client; docs/containers.md says how to run it.
FROM node:22-bookworm-slim AS build
WORKDIR /src
COPY . .
RUN npx -y deno@2.9.6 task build

# It has every program that jobs need (lib/worker/check.ts): of dash, coreutils, util-linux and libc-bin.
FROM debian:bookworm-slim
COPY --from=build /src/dist/teleworkerd /src/dist/teleworker /usr/local/bin/
# Where they are self-contained, they unpack their runtime once: here rather than in each container.
RUN teleworkerd --version && teleworker --version
VOLUME /var/lib/teleworker
EXPOSE 8443
CMD ["teleworkerd", "--listen", "0.0.0.0:8443", "--certs", "/etc/teleworker/certs"]
