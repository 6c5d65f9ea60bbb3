# syntax=docker/dockerfile:1
# Two images of one build: `--target scraper` and `--target jobs`.

FROM node:24-slim AS build
WORKDIR /app
# The manifests first, so that packages are installed again only when one of them changes.
COPY package.json package-lock.json .npmrc ./
COPY packages/dstream/package.json packages/dstream/
COPY packages/jvc-receiver/package.json packages/jvc-receiver/
COPY packages/jvc-scraper/package.json packages/jvc-scraper/
COPY packages/dstream/bin packages/dstream/bin
COPY packages/jvc-scraper/bin packages/jvc-scraper/bin
COPY examples/package.json examples/
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY tools tools
COPY packages packages
RUN node tools/build.mjs && npm prune --omit=dev --ignore-scripts && rm -rf packages/*/src packages/*/test

FROM node:24-slim AS runtime
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/packages packages
# The programs keep their files where they stand. A named volume takes its owner from the folder it is mounted on.
RUN mkdir /data && chown node:node /data
WORKDIR /data
USER node

FROM runtime AS scraper
EXPOSE 6667
ENTRYPOINT ["node", "/app/packages/jvc-scraper/bin/jvc-scraper.js"]
CMD ["--simulate", "--host", "0.0.0.0"]

FROM runtime AS jobs
COPY examples /app/examples
ENTRYPOINT ["node"]
CMD ["/app/examples/stickers.js"]
