package conda

import (
	"bytes"
	"encoding/json"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// record is what Conda keeps of an installed package in conda-meta/NAME-VERSION-BUILD.json. It has no facts of the
// environment, such as what the user asked for, nor of the machine.
type record struct {
	Name          string          `json:"name"`
	Version       string          `json:"version"`
	Build         string          `json:"build"`
	BuildNumber   int64           `json:"build_number"`
	Channel       string          `json:"channel"`
	Subdir        string          `json:"subdir"`
	FileName      string          `json:"fn"`
	URL           string          `json:"url"`
	SHA256        string          `json:"sha256"`
	Size          int64           `json:"size"`
	Timestamp     json.RawMessage `json:"timestamp,omitempty"`
	Depends       json.RawMessage `json:"depends"`
	Constrains    json.RawMessage `json:"constrains"`
	License       json.RawMessage `json:"license,omitempty"`
	LicenseFamily json.RawMessage `json:"license_family,omitempty"`
	Noarch        string          `json:"noarch,omitempty"`
	Arch          json.RawMessage `json:"arch,omitempty"`
	Platform      json.RawMessage `json:"platform,omitempty"`
	Features      json.RawMessage `json:"features,omitempty"`
	TrackFeatures json.RawMessage `json:"track_features,omitempty"`
	SitePackages  json.RawMessage `json:"python_site_packages_path,omitempty"`
	Files         []string        `json:"files"`
	PathsData     pathsData       `json:"paths_data"`
}

// pathsData lists the paths as the package does, with the digests of the installed files.
type pathsData struct {
	Version int         `json:"paths_version"`
	Paths   []pathEntry `json:"paths"`
}

// record returns the package's record.
func (i *installer) record() ([]byte, error) {
	x, f := &i.index, &i.result.Facts
	r := record{
		Name: x.Name, Version: x.Version, Build: x.Build, BuildNumber: x.BuildNumber,
		Channel: i.origin.channel, Subdir: i.origin.subdir, FileName: i.origin.file, URL: i.origin.url,
		SHA256: f.SHA256, Size: f.Size,
		Timestamp: x.fields["timestamp"], Depends: x.fields["depends"], Constrains: x.fields["constrains"],
		License: x.fields["license"], LicenseFamily: x.fields["license_family"], Noarch: x.noarch,
		Arch: x.fields["arch"], Platform: x.fields["platform"], Features: x.fields["features"],
		TrackFeatures: x.fields["track_features"], SitePackages: x.fields["python_site_packages_path"],
		Files: []string{}, PathsData: pathsData{1, i.paths},
	}
	for _, list := range []*json.RawMessage{&r.Depends, &r.Constrains} {
		if *list == nil {
			*list = json.RawMessage("[]")
		}
	}
	if r.PathsData.Paths == nil {
		r.PathsData.Paths = []pathEntry{}
	}
	for _, p := range f.Paths {
		r.Files = append(r.Files, p.Path)
	}
	data, err := oci.Marshal(r)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = json.Indent(&b, data, "", "  ")
	return b.Bytes(), err
}
