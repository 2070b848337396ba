# The same application as one would write it by hand: packages first, code last, one small RUN after it, no Salt.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl jq imagemagick nginx python3 python3-venv tini \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 900 app \
 && python3 -m venv /srv/venv
COPY requirements.txt /srv/requirements.txt
RUN PIP_CERT=/etc/ssl/certs/ca-certificates.crt /srv/venv/bin/pip install --no-cache-dir --requirement /srv/requirements.txt
EXPOSE 80
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["/srv/app/launch.sh"]
COPY . /srv/app
RUN install -d -o 900 -g 900 /srv/app/var
VOLUME ["/srv/data"]
