# syntax=docker/dockerfile:1
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS build
WORKDIR /src
COPY requirements requirements
RUN python -m venv /opt/chipwatch \
 && /opt/chipwatch/bin/pip install --no-cache-dir --require-hashes -r requirements/image.lock
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY bot bot
RUN pip install --no-cache-dir --require-hashes -r requirements/build.lock \
 && pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
 && /opt/chipwatch/bin/pip install --no-cache-dir --no-deps /tmp/wheel/*.whl \
 && /opt/chipwatch/bin/pip uninstall --yes pip

FROM ${PYTHON}
LABEL org.opencontainers.image.title="chipwatch" \
      org.opencontainers.image.description="Watches feeds and tells you once, with its reasons, when something that matters happens."
RUN useradd --system --uid 10001 --home-dir /data --no-create-home chipwatch \
 && install -d -o 10001 -g 10001 /data /config
COPY --from=build /opt/chipwatch /opt/chipwatch
COPY --chown=10001:10001 config /config
ENV PATH=/opt/chipwatch/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    CHIPWATCH_CONFIG=/config CHIPWATCH_DATA=/data
USER 10001:10001
VOLUME ["/data"]
# All that is kept is below /data; the rest may be read-only, with a tmpfs at /tmp (docs/operations.md).
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["chipwatch", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["chipwatch"]
CMD ["run"]
