# The images of server and client: `make images`, or `docker build --target server .` and `--target client .`.
# Plain enough for the legacy builder too, which knows neither cache mounts nor a syntax line.

FROM rust:1.95-slim-bookworm AS toolchain
# hadolint ignore=DL3008  # the base fixes Debian's release; pinned packages vanish from the mirrors with each update
RUN apt-get update \
    && apt-get install -y --no-install-recommends cmake g++ ninja-build \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /ticketing

# What the programs link, as files: a run-time image needs nothing else of a distribution, so it has no shell and no
# package manager. The copies of Debian's own records let scanners tell the versions of these libraries.
FROM toolchain AS runtime
WORKDIR /image
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=SC2046  # one argument a library
RUN mkdir -p etc/ssl/certs usr/share/doc var/lib/dpkg/status.d "lib/$(c++ -print-multiarch)" /data \
    && cp -L "$(c++ -print-file-name=libstdc++.so.6)" "lib/$(c++ -print-multiarch)/" \
    && cp -L --parents $(ldd "$(c++ -print-file-name=libstdc++.so.6)" | grep -o '/lib[^ ]*') . \
    && cp -L /etc/ssl/certs/ca-certificates.crt etc/ssl/certs/ \
    && cp -L /etc/os-release etc/ \
    && for package in libc6 libgcc-s1 libstdc++6 ca-certificates; do \
        dpkg-query --status "$package" >"var/lib/dpkg/status.d/$package" || exit 1; \
    done \
    && cp --parents /usr/share/doc/libc6/copyright /usr/share/doc/gcc-*-base/copyright \
        /usr/share/doc/ca-certificates/copyright . \
    && printf 'hosts: files dns\n' >etc/nsswitch.conf \
    && printf 'root:x:0:0::/:/none\nticketing:x:65532:65532::/:/none\n' >etc/passwd \
    && printf 'root:x:0:\nticketing:x:65532:\n' >etc/group

# Every dependency, C-core included, with empty programs of ours: only manifests, the lock file and cmake/ make this
# layer anew. Ours are cleaned away again, since cargo would take them for newer than the sources that come next.
FROM toolchain AS dependencies
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY cmake cmake
COPY corking corking
COPY certificates/Cargo.toml certificates/
COPY codegen/Cargo.toml codegen/
COPY logging/Cargo.toml logging/
COPY proto/Cargo.toml proto/
COPY server/Cargo.toml server/
COPY client/Cargo.toml client/
COPY testbed/Cargo.toml testbed/
RUN for member in certificates codegen logging proto server client testbed; do \
        mkdir -p "$member/src" && touch "$member/src/lib.rs" && echo 'fn main() {}' >"$member/src/main.rs" || exit 1; \
    done \
    && cargo build --release --locked --package ticketing-server --package ticketing-client \
    && cargo clean --release --package certificates --package ticketing-logging --package ticketing-proto \
        --package ticketing-server --package ticketing-client \
    && rm -r certificates/src logging/src proto/src server/src client/src

FROM dependencies AS build
COPY certificates certificates
COPY logging logging
COPY proto proto
COPY server server
COPY client client
RUN cargo build --release --locked --offline --package ticketing-server --package ticketing-client \
    && mkdir bin \
    && strip -o bin/ticketing-server target/release/ticketing-server \
    && strip -o bin/ticketing-client target/release/ticketing-client

FROM scratch AS server
COPY --from=runtime /image/ /
# Owned by the server's user, and so is a new volume that is mounted there.
COPY --from=runtime --chown=65532:65532 /data /data
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/ticketing/
COPY --from=build /ticketing/bin/ticketing-server /usr/local/bin/
ENV PATH=/usr/local/bin DATABASE_URL=sqlite:/data/customers.db
USER 65532:65532
VOLUME /data
EXPOSE 12345 9090
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["/usr/local/bin/ticketing-server", "health"]
ENTRYPOINT ["/usr/local/bin/ticketing-server"]
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ticketing-server" \
    org.opencontainers.image.description="The customer service over gRPC" \
    org.opencontainers.image.licenses="MIT OR Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"

FROM scratch AS client
COPY --from=runtime /image/ /
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/ticketing/
COPY --from=build /ticketing/bin/ticketing-client /usr/local/bin/
ENV PATH=/usr/local/bin
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/ticketing-client"]
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ticketing-client" \
    org.opencontainers.image.description="Client of the customer service: calls, watches, imports, exports" \
    org.opencontainers.image.licenses="MIT OR Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
