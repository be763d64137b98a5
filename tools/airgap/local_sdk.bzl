    # Spliced into rules_go's download rule by registry.sh: the machine's own SDK, of whatever
    # version it is, stands in for the one that would be downloaded. Another platform's cannot.
    if ctx.attr.goos + ctx.attr.goarch in ["", "".join(detect_host_platform(ctx))]:
        goroot = ctx.getenv("BAZELW_GOROOT")
        any_version = struct(
            attr = struct(version = ""),
            execute = ctx.execute,
            path = ctx.path,
            read = ctx.read,
        )
        version = _detect_sdk_version(any_version, goroot)
        platform = _detect_sdk_platform(ctx, goroot)
        _sdk_build_file(ctx, platform, version, experiments = ctx.attr.experiments)
        _local_sdk(ctx, goroot)
        return None

