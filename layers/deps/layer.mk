# Builds the layer of third-party packages: wheels for Lambda's machine (never this one's), locked by hash,
# with bytecode. The folder of a layer is read-only in Lambda: without bytecode every cold start compiles it all.

PYTHON := python3.13
TARGET := $(ARTIFACTS_DIR)/python
# Lambda's Amazon Linux 2023 has glibc 2.34. pip takes these names literally, so each is listed.
PLATFORMS := manylinux2014 manylinux_2_17 manylinux_2_24 manylinux_2_26 manylinux_2_28 manylinux_2_31 manylinux_2_34
# botocore describes over 400 services, of which the layer keeps those that the functions call.
SERVICES := bedrock-runtime dynamodb kms s3 secretsmanager sesv2 sns sqs
# Babel comes with the template engine, which loads it for filters that Nereid does not offer. Half of the whole
# layer would be its data of a thousand locales.
LOCALES := en.dat en_US.dat root.dat

.PHONY: build-DepsLayer
build-DepsLayer:
	@$(PYTHON) -c 'import sys; assert sys.version_info[:2] == (3, 13)' || \
		{ echo "The layer's bytecode has to come from Python 3.13: put python3.13 on the PATH, run make build, or sam build --use-container." >&2; exit 1; }
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-compile --target "$(TARGET)" \
		--require-hashes --only-binary :all: --implementation cp --python-version 3.13 \
		$(foreach platform,$(PLATFORMS),--platform $(platform)_$(MACHINE)) --requirement requirements.txt
	cd "$(TARGET)/botocore/data" && find . -mindepth 1 -maxdepth 1 -type d $(foreach service,$(SERVICES),! -name $(service)) -exec rm -r {} +
	cd "$(TARGET)/babel/locale-data" && find . -name '*.dat' $(foreach locale,$(LOCALES),! -name $(locale)) -exec rm {} +
	rm -rf "$(TARGET)/bin" "$(TARGET)/boto3/examples"
	$(PYTHON) -m compileall -q -j 0 --invalidation-mode unchecked-hash -s "$(ARTIFACTS_DIR)" -p /opt "$(TARGET)"
