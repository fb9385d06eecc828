# The image of all parts of a site: web, workers and migrations differ only in their command.

FROM python:3.11-slim-bookworm AS build
# scikit-surprise comes as source alone.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /recsite
COPY requirements.txt requirements-s3.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt -r requirements-s3.txt
COPY manage.py gunicorn.conf.py ./
COPY recsite recsite
COPY recommendations recommendations
COPY templates templates
RUN DATA_DIR=/tmp/build STATIC_ROOT=/recsite/static python manage.py collectstatic --no-input \
    && python -m compileall -q recsite recommendations

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home recsite \
    && install --directory --owner=recsite --group=recsite /data
COPY --from=build /venv /venv
COPY --from=build /recsite /recsite
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    STATIC_ROOT=/recsite/static
WORKDIR /recsite
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "recsite.wsgi", "--bind", "0.0.0.0:8000"]
