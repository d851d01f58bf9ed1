# Any base with Python 3.11 or newer and glibc will do:
#   docker build --build-arg BASE=registry.example/python:3.13-slim -t chipwatch .
ARG BASE=python:3.13-slim

# ── what the bot needs, below /opt/chipwatch ─────────────────────────────────────────────────────
FROM ${BASE} AS build
WORKDIR /src
COPY requirements requirements
RUN python3 -m venv /opt/chipwatch \
 && /opt/chipwatch/bin/pip install --no-cache-dir --no-compile --require-hashes -r requirements/image.lock \
 && python3 -m venv /opt/tools \
 && /opt/tools/bin/pip install --no-cache-dir --require-hashes -r requirements/build.lock
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY bot bot
# Only the small word lists are read, and no locale but English; sources in C are of no use to anybody.
RUN /opt/tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
 && /opt/chipwatch/bin/pip install --no-cache-dir --no-compile --no-deps /tmp/wheel/*.whl \
 && /opt/chipwatch/bin/pip uninstall --quiet --yes pip setuptools \
 && cd /opt/chipwatch/lib/python3*/site-packages \
 && rm -f wordfreq/data/large_* wordfreq/data/jieba_* \
 && find babel/locale-data -name '*.dat' ! -name 'en*' ! -name root.dat -delete \
 && find . \( -name '*.c' -o -name '*.h' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' \) -delete
# The demo is the whole job: it proves the image, and leaves behind the bytecode of all that runs.
RUN /opt/chipwatch/bin/chipwatch demo --output /tmp/demo

# ── what of the base it needs, without package manager, manuals and translations ─────────────────
FROM ${BASE} AS root
RUN rm -rf /usr/share/doc /usr/share/info /usr/share/locale /usr/share/man /usr/share/python-wheels \
      /var/cache /var/lib/apt /var/lib/dpkg /var/log /root/.cache /tmp/* \
      /usr/bin/apt* /usr/bin/dpkg* /usr/bin/gpgv /usr/bin/localedef /usr/bin/perl* /usr/lib/apt \
      /usr/lib/*/gconv /usr/lib/*/libapt* /usr/lib/*/libdb-* /usr/lib/*/libgnutls* /usr/lib/*/libp11-kit* \
      /usr/lib/*/perl* /usr/share/perl* /usr/local/bin/idle* /usr/local/bin/pip* /usr/local/bin/pydoc* \
 && for path in /usr/local/lib/python3* /usr/lib/python3*; do \
      rm -rf "$path/ensurepip" "$path/idlelib" "$path/lib2to3" "$path/pydoc_data" "$path/test" "$path/tkinter" \
        "$path/turtledemo" "$path"/site-packages/pip* "$path"/site-packages/setuptools*; \
    done \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
 # Any user id may run it, in group 0 as platforms that choose one do.
 && install -d -m 2775 -o 10001 -g 0 /data /config
COPY --from=build /opt/chipwatch /opt/chipwatch

# ── one layer of what is left ────────────────────────────────────────────────────────────────────
FROM scratch
LABEL org.opencontainers.image.title="chipwatch" \
      org.opencontainers.image.description="Watches feeds and tells you once, with its reasons, when something that matters happens."
COPY --from=root / /
ENV PATH=/opt/chipwatch/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    CHIPWATCH_CONFIG=/config CHIPWATCH_DATA=/data
USER 10001:0
WORKDIR /data
# All that is kept is below /data; the rest may be read-only, with a tmpfs at /tmp (docs/operations.md).
VOLUME ["/data"]
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["chipwatch", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["chipwatch"]
# An empty /config gets the starter configuration.
CMD ["run", "--init"]
