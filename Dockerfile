# alertd as an image. The first stage builds; the second has neither pip nor a compiler, and does not run as root.
# Any Debian-like base with Python 3.11 or newer will do: docker build --build-arg BASE=… .
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
# A private certificate authority or a mirror: --build-arg PIP_CERT=… --build-arg PIP_INDEX_URL=…; neither is kept.
ARG PIP_CERT
ARG PIP_INDEX_URL
# What is installed: `extras` can export traces, serve gRPC and use Apprise; `runtime` cannot, and is smaller.
ARG LOCK=extras
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1
WORKDIR /src
COPY .ci/locks/build.txt .ci/locks/${LOCK}.txt .ci/locks/
RUN python3 -m venv /opt/build \
    && /opt/build/bin/pip install --quiet --require-hashes --only-binary :all: --requirement .ci/locks/build.txt \
    && python3 -m venv --without-pip /opt/alertd \
    && /opt/build/bin/pip --python /opt/alertd/bin/python install --quiet --require-hashes --only-binary :all: \
        --requirement .ci/locks/${LOCK}.txt
COPY pyproject.toml README.md LICENSE ./
COPY alertd alertd
RUN /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/build/bin/pip --python /opt/alertd/bin/python install --quiet --no-deps --no-index /wheels/alertd-*.whl

FROM ${BASE}
LABEL org.opencontainers.image.title="alertd" \
    org.opencontainers.image.description="Evaluates Prometheus alert rules and tells people, without losing a message" \
    org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/alertd /opt/alertd
COPY rules/*.yml /usr/share/alertd/rules/
COPY rules/conditions /usr/share/alertd/rules/conditions
RUN install --directory --owner 10001 --group 10001 --mode 750 /var/lib/alertd && install --directory /etc/alertd
ENV PATH=/opt/alertd/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/alertd
VOLUME /var/lib/alertd
EXPOSE 9093
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=6s --start-period=30s CMD ["alertd", "healthcheck"]
ENTRYPOINT ["alertd"]
CMD ["run", "--config", "/etc/alertd/config.yaml", "--listen", "0.0.0.0:9093", "--storage", "sqlite:////var/lib/alertd/alertd.db"]
