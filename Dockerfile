# The bot in a container, for amd64 and arm64; compose.yaml runs it, docs/operators.md says how.
# It starts from what is in it: nothing is downloaded then, and nothing is written but to /data and /tmp.
FROM python:3.11.14-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
COPY pyproject.toml ./
RUN uv sync --no-dev --extra postgresql --no-build
COPY bot ./bot
COPY cogs ./cogs
RUN .venv/bin/python -m compileall -q bot cogs

FROM python:3.11.14-slim-bookworm
# The version is the base image's Debian's.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*
RUN mkdir /data && chown 10001:10001 /data
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite+aiosqlite:////data/reelay.db \
    HTTP_LISTEN=0.0.0.0:9464
USER 10001:10001
VOLUME /data
EXPOSE 9464
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9464/healthz', timeout=4)"]
ENTRYPOINT ["tini", "--", "python", "-m", "bot"]
CMD ["run"]
