package registrytest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Referrers states what a registry does with the subjects of manifests. The zero value is a registry that ignores them, as
// those from before distribution-spec 1.1 do, and distribution still does.
type Referrers struct {
	// API answers requests for the referrers of a manifest.
	API bool
	// Header answers a manifest with the header OCI-Subject. Registries exist that have only the API.
	Header bool
	// UnknownSubject is the status with which the registry rejects a manifest whose subject is missing: GitLab's did so with
	// 404, others do with 400. Zero accepts it, as distribution-spec requires.
	UnknownSubject int
}

// noteSubject handles the subject of a manifest before it is stored. It reports false if it has rejected the manifest.
func (repo *repository) noteSubject(w http.ResponseWriter, data []byte, referrers Referrers) bool {
	var m oci.Manifest
	if json.Unmarshal(data, &m) != nil || m.Subject == nil {
		return true
	}
	if _, known := repo.manifests[m.Subject.Digest]; referrers.UnknownSubject != 0 && !known {
		refuse(w, referrers.UnknownSubject, "MANIFEST_UNKNOWN", "subject unknown")
		return false
	}
	if referrers.Header {
		w.Header().Set("OCI-Subject", m.Subject.Digest.String())
	}
	return true
}

// serveReferrers lists the referrers of a manifest, sorted by digest.
func (r *Registry) serveReferrers(w http.ResponseWriter, name string, subject digest.Digest) {
	if !r.Referrers.API {
		refuse(w, http.StatusNotFound, "NOT_FOUND", "no such page")
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	repo := r.repository(name)
	index := oci.Index{Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeIndex, Manifests: []oci.Descriptor{}}
	for _, d := range slices.Sorted(maps.Keys(repo.manifests)) {
		var m oci.Manifest
		stored := repo.manifests[d]
		if json.Unmarshal(stored.data, &m) == nil && m.Subject != nil && m.Subject.Digest == subject {
			index.Manifests = append(index.Manifests, oci.Descriptor{
				MediaType: stored.mediaType, Digest: d, Size: int64(len(stored.data)), ArtifactType: oci.ArtifactType(m),
			})
		}
	}
	w.Header().Set("Content-Type", oci.MediaTypeIndex)
	json.NewEncoder(w).Encode(index)
}
