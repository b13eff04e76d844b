# The orchestrator and its CLI. Any Debian-based image with Node.js 20.19 or newer will do as a base.
ARG NODE_IMAGE=node:22-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Scripts are left out: the only ones compile optional speed-ups, for which this image has no compiler.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
WORKDIR /app
ENV NODE_ENV=production NEXUS_DATA=/data NEXUS_ARTIFACTS=/artifacts
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY vm ./vm
COPY --chmod=755 compose/entrypoint.sh /usr/local/bin/nexus-entrypoint
RUN ln -s /app/dist/cli.js /usr/local/bin/nexus && mkdir /data /artifacts
VOLUME /data
EXPOSE 7788
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7788/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["nexus-entrypoint", "nexus"]
CMD ["serve"]
