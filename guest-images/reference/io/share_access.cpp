// SPDX-License-Identifier: MIT
// io/share_access.cpp
//
// Who may open a file beside whom. The caller serialises. PASSIVE_LEVEL.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocheckshareaccess
#include "io/iop.hpp"

namespace {

bool wants(const FILE_OBJECT* file) { return file->ReadAccess || file->WriteAccess || file->DeleteAccess; }

void count(const FILE_OBJECT* file, PSHARE_ACCESS share, LONG change) {
    share->OpenCount += change;
    share->Readers += file->ReadAccess ? change : 0;
    share->Writers += file->WriteAccess ? change : 0;
    share->Deleters += file->DeleteAccess ? change : 0;
    share->SharedRead += file->SharedRead ? change : 0;
    share->SharedWrite += file->SharedWrite ? change : 0;
    share->SharedDelete += file->SharedDelete ? change : 0;
}

void set_access(PFILE_OBJECT file, ACCESS_MASK access, ULONG share) {
    file->ReadAccess = (access & (FILE_EXECUTE | FILE_READ_DATA)) != 0;
    file->WriteAccess = (access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) != 0;
    file->DeleteAccess = (access & DELETE) != 0;
    const bool any = wants(file);
    file->SharedRead = any && share & FILE_SHARE_READ;
    file->SharedWrite = any && share & FILE_SHARE_WRITE;
    file->SharedDelete = any && share & FILE_SHARE_DELETE;
}

/// Whether this opener and those before tolerate each other.
bool compatible(const FILE_OBJECT* file, const SHARE_ACCESS* share) {
    const ULONG opens = share->OpenCount;
    if (file->ReadAccess && share->SharedRead < opens) return false;
    if (file->WriteAccess && share->SharedWrite < opens) return false;
    if (file->DeleteAccess && share->SharedDelete < opens) return false;
    if (share->Readers && !file->SharedRead) return false;
    if (share->Writers && !file->SharedWrite) return false;
    return !share->Deleters || file->SharedDelete;
}

}  // namespace

/// STATUS_SHARING_VIOLATION, or success with the opener counted if `Update`.
NTSTATUS NTAPI IoCheckShareAccess(
    ACCESS_MASK DesiredAccess, ULONG DesiredShareAccess, PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess,
    BOOLEAN Update) {
    set_access(FileObject, DesiredAccess, DesiredShareAccess);
    if (!wants(FileObject)) return STATUS_SUCCESS;
    if (!compatible(FileObject, ShareAccess)) return STATUS_SHARING_VIOLATION;
    if (Update) count(FileObject, ShareAccess, 1);
    return STATUS_SUCCESS;
}

/// For the first opener.
VOID NTAPI IoSetShareAccess(
    ACCESS_MASK DesiredAccess, ULONG DesiredShareAccess, PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess) {
    set_access(FileObject, DesiredAccess, DesiredShareAccess);
    RtlZeroMemory(ShareAccess, sizeof *ShareAccess);
    if (wants(FileObject)) count(FileObject, ShareAccess, 1);
}

VOID NTAPI IoUpdateShareAccess(PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess) {
    if (wants(FileObject)) count(FileObject, ShareAccess, 1);
}

VOID NTAPI IoRemoveShareAccess(PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess) {
    if (wants(FileObject)) count(FileObject, ShareAccess, -1);
}
