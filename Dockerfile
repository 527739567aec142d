# The client side alone, for CI and Kubernetes: Tritune measures a Triton that runs elsewhere, or rehearses on its embedded server.
#   docker build --tag tritune .
#   docker run --rm --network host --volume "$PWD/reports:/tritune/reports" tritune load -m sklearn-onnx -u 127.0.0.1:8000
ARG NODE_IMAGE=node:24-bookworm-slim
FROM ${NODE_IMAGE}
WORKDIR /tritune
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force
COPY bin/ bin/
COPY bench/ bench/
COPY schema/ schema/
COPY configs/ configs/
COPY data/ data/
COPY model_repository/ model_repository/
RUN ln -s /tritune/bin/tritune.js /usr/local/bin/tritune && mkdir -p reports && chown 1000:1000 reports
# By number, so that a cluster that demands a user other than root can tell.
USER 1000:1000
ENV HOME=/tmp XDG_STATE_HOME=/tritune/reports/.state
ENTRYPOINT ["tritune"]
CMD ["--help"]
