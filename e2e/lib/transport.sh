# shellcheck shell=bash
# Images of any size, made without Bazel, and ways to push them.

# tools_build DIR: our tools and the fault-injecting proxy, as programs in DIR.
tools_build() {
  CGO_ENABLED=0 go build -C "$TOP" -o "$1/" ./tools/mklayer ./tools/mkconfig ./tools/mkmanifest ./tools/push
  CGO_ENABLED=0 go build -C "$TOP/e2e/faultproxy" -o "$1/faultproxy" .
}

# layer_make DIR NAME BYTES COMPRESSION: a layer of one file with random bytes, as DIR/NAME.tar and DIR/NAME.json.
layer_make() {
  head --bytes "$3" /dev/urandom >"$1/$2.data"
  mklayer --compression="$4" --level="$([ "$4" = none ] && echo 0 || echo 1)" --file="/data/$2=$1/$2.data" --output="$1/$2.tar" --descriptor="$1/$2.json"
  rm "$1/$2.data"
}

# image_make DIR NAME LAYER...: an image of the layers, which are in DIR. The flags that pass it to our tools are in
# DIR/NAME.args, its digest is in DIR/NAME.digest. The variable settings may contain other settings for its config.
image_make() {
  local dir=$1 name=$2 layers platform='{"os": "linux", "architecture": "amd64"}'
  shift 2
  layers=("${@/#/--layer=$dir/}")
  layers=("${layers[@]/%/.json}")
  mkconfig --settings="${settings:-$platform}" "${layers[@]}" \
    --output="$dir/$name.config" --descriptor="$dir/$name.config.json"
  mkmanifest --config="$dir/$name.config.json" "${layers[@]}" --output="$dir/$name.manifest" \
    --descriptor="$dir/$name.json" --digest="$dir/$name.digest"
  {
    printf -- '--root=%s\n--document=%s\n--document=%s\n' "$dir/$name.json" "$dir/$name.manifest" "$dir/$name.config"
    for layer; do echo "--layer=$dir/$layer.json=$dir/$layer.tar"; done
  } >"$dir/$name.args"
}
