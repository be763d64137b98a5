package check

import (
	"strconv"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

var (
	// timeForm is RFC 3339's date-time. time.Parse alone is laxer: it accepts a decimal comma and one-digit hours.
	timeForm = pattern.New(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)
	// portForm is the form of an exposed port ("config.md", ExposedPorts).
	portForm = pattern.New(`^([1-9]\d{0,4})(/(tcp|udp|sctp))?$`)
	// signalForm is the form of a stop signal ("config.md", StopSignal).
	signalForm = pattern.New(`^(SIG[A-Z0-9]+([+-]\d+)?|[1-9]\d?)$`)
)

// config checks an image's config ("config.md") and returns its platform and its diff_ids; an invalid one is "". layers
// is the manifest's number of layers, if known.
func (in *inspector) config(o object, layers int, known bool) (platform string, diffIDs []digest.Digest) {
	o.nullOK = true
	o.keys(configKeys)
	o.unambiguous(configKeys)
	o.created()
	o.text("author", optional)
	platform = platformText(in.platform(o))
	if strings.HasPrefix(platform, "/") || strings.HasSuffix(platform, "/") {
		platform = "" // os or architecture is missing, which has been reported
	}
	if run, ok := o.object("config", optional); ok {
		in.execution(run)
	}
	var counted bool
	if rootfs, ok := o.object("rootfs", required); ok {
		diffIDs, counted = in.rootfs(rootfs)
	}
	if known && counted && len(diffIDs) != layers {
		o.add("rootfs.diff_ids", ruleConfigLayerCount, "%d diff_ids, the manifest has %d layers", len(diffIDs), layers)
	}
	if known {
		in.history(o, layers)
	}
	return platform, diffIDs
}

// created checks the time of creation of an image or of an entry of its history.
func (o object) created() {
	text, ok := o.text("created", optional)
	if !ok {
		return
	}
	if _, err := time.Parse(time.RFC3339, text); err != nil || !timeForm().MatchString(text) {
		o.add("created", ruleConfigCreated, "%q is not a time in the form of RFC 3339", text)
	}
}

// execution checks the fields that describe how to run the image.
func (in *inspector) execution(o object) {
	o.keys(executionKeys)
	if check, ok := o.object("Healthcheck", optional); ok {
		check.keys(healthcheckKeys)
	}
	for _, key := range []string{"User", "WorkingDir"} {
		o.text(key, optional)
	}
	for _, key := range []string{"Entrypoint", "Cmd", "Shell", "OnBuild"} {
		o.texts(key, optional)
	}
	o.textMap("Labels")
	names := make(map[string]bool)
	for _, variable := range o.texts("Env", optional) {
		name, _, ok := strings.Cut(variable, "=")
		if !ok || name == "" {
			o.add("Env", ruleConfigEnv, "%q is not of the form NAME=VALUE", variable)
		} else if names[name] {
			o.add("Env", ruleConfigEnv, "%q occurs twice", name)
		}
		names[name] = true
	}
	for _, port := range o.set("ExposedPorts", ruleConfigPorts) {
		match := portForm().FindStringSubmatch(port)
		if match == nil {
			o.add("ExposedPorts", ruleConfigPorts, "%q is not a port", port)
		} else if n, _ := strconv.Atoi(match[1]); n > 65535 {
			o.add("ExposedPorts", ruleConfigPorts, "%q: ports end with 65535", port)
		}
	}
	for _, volume := range o.set("Volumes", ruleConfigVolumes) {
		if !strings.HasPrefix(volume, "/") {
			o.add("Volumes", ruleConfigVolumes, "%q is not an absolute path", volume)
		}
	}
	if signal, _ := o.text("StopSignal", optional); signal != "" && !signalForm().MatchString(signal) {
		o.add("StopSignal", ruleConfigStopSignal, "%q is not a signal", signal)
	}
}

// rootfs reads the diff_ids. It returns false if their number is unknown.
func (in *inspector) rootfs(o object) ([]digest.Digest, bool) {
	o.keys(rootfsKeys)
	if kind, ok := o.text("type", required); ok && kind != "layers" {
		o.add("type", ruleConfigRootFSType, "%q, it must be \"layers\"", kind)
	}
	list, ok := o.array("diff_ids", required)
	ids := make([]digest.Digest, len(list))
	for i, text := range o.texts("diff_ids", optional) {
		ids[i], _ = in.digest(o, "diff_ids["+strconv.Itoa(i)+"]", ruleConfigDiffIDs, text)
	}
	return ids, ok
}

// history compares the history with the layers. Readers match its entries to the layers by counting.
func (in *inspector) history(o object, layers int) {
	entries, ok := o.objects("history", optional)
	if !ok {
		return
	}
	full := 0
	for _, entry := range entries {
		entry.keys(historyKeys)
		entry.created()
		for _, key := range []string{"author", "created_by", "comment"} {
			entry.text(key, optional)
		}
		if !entry.flag("empty_layer") {
			full++
		}
	}
	if full != layers {
		o.add("history", ruleConfigHistory, "%d entries are not empty_layer, the manifest has %d layers", full, layers)
	}
}
