// SPDX-License-Identifier: MIT
#include "agent/core/file_transfer.hpp"

#include <string.h>

#include "agent/core/sha256.hpp"
#include "agent/core/status.hpp"

namespace rundown::agent
{

FileTransfers::~FileTransfers()
{
    reset();
}

void
FileTransfers::reset()
{
    for (Transfer &transfer : transfers_)
        if (transfer.handle)
            end(transfer);
}

FileTransfers::Transfer *
FileTransfers::find(uint32_t handle, bool put)
{
    for (Transfer &transfer : transfers_)
        if (handle && transfer.handle == handle && transfer.put == put)
            return &transfer;
    return nullptr;
}

/// The oldest transfer makes room: whoever began it has gone away.
FileTransfers::Transfer *
FileTransfers::begin(bool put)
{
    Transfer *chosen = &transfers_[0];
    for (Transfer &transfer : transfers_)
        if (transfer.handle < chosen->handle)
            chosen = &transfer;
    if (chosen->handle)
        end(*chosen);
    chosen->handle = ++last_handle_;
    chosen->put = put;
    return chosen;
}

void
FileTransfers::end(Transfer &transfer)
{
    if (transfer.bytes)
        home_.release(home_.context, transfer.bytes);
    transfer = Transfer();
}

void
FileTransfers::put_begin(const rundown_rpc_FilePutBegin &request, Response &response)
{
    if (request.name[0] == '\0' || request.sha256.size != kSha256Bytes)
        return refuse(response, kStatusInvalidParameter, "a file needs a name and a SHA-256");
    if (request.bytes > kBytesMax)
        return refuse(response, kStatusFileTooLarge, "files may have 16 MiB at most");
    Transfer *transfer = begin(true);
    transfer->count = static_cast<size_t>(request.bytes);
    transfer->bytes = static_cast<uint8_t *>(
        home_.allocate(home_.context, transfer->count ? transfer->count : 1));
    if (!transfer->bytes) {
        end(*transfer);
        return refuse(response, kStatusInsufficientResources, "no memory for the file");
    }
    memcpy(transfer->name, request.name, sizeof transfer->name);
    memcpy(transfer->sha256, request.sha256.bytes, sizeof transfer->sha256);
    response.value = transfer->handle;
}

void
FileTransfers::put_chunk(const rundown_rpc_FileChunk &request, Response &response)
{
    Transfer *transfer = find(request.handle, true);
    if (!transfer)
        return refuse(response, kStatusInvalidHandle, "no such transfer");
    if (request.offset > transfer->count || request.data.size > transfer->count - request.offset)
        return refuse(response, kStatusInvalidParameter, "the chunk lies beyond the file's end");
    memcpy(transfer->bytes + request.offset, request.data.bytes, request.data.size);
}

void
FileTransfers::put_end(const rundown_rpc_FileEnd &request, Response &response)
{
    Transfer *transfer = find(request.handle, true);
    if (!transfer)
        return refuse(response, kStatusInvalidHandle, "no such transfer");
    uint8_t digest[kSha256Bytes];
    sha256(transfer->bytes, transfer->count, digest);
    if (memcmp(digest, transfer->sha256, sizeof digest) != 0) {
        refuse(response, kStatusCrcError, "the file's SHA-256 is not the one that was told");
    } else {
        response.status =
            home_.write_file(home_.context, transfer->name, transfer->bytes, transfer->count);
        if (response.status)
            refuse(response, response.status, "the file could not be written");
    }
    end(*transfer);
}

void
FileTransfers::get_begin(const rundown_rpc_FileGet &request, Response &response)
{
    Transfer *transfer = begin(false);
    const uint32_t status =
        home_.read_file(home_.context, request.name, &transfer->bytes, &transfer->count);
    if (status) {
        end(*transfer);
        return refuse(response, status, "the file could not be read");
    }
    response.which_result = rundown_rpc_Response_file_tag;
    rundown_rpc_FileInfo &file = response.result.file;
    file.handle = transfer->handle;
    file.bytes = transfer->count;
    file.sha256.size = kSha256Bytes;
    uint8_t digest[kSha256Bytes];
    sha256(transfer->bytes, transfer->count, digest);
    memcpy(file.sha256.bytes, digest, sizeof digest);
}

void
FileTransfers::get_chunk(const rundown_rpc_FileGetChunk &request, Response &response)
{
    const Transfer *transfer = find(request.handle, false);
    if (!transfer)
        return refuse(response, kStatusInvalidHandle, "no such transfer");
    if (request.offset >= transfer->count)
        return refuse(response, kStatusEndOfFile, "the chunk lies beyond the file's end");
    size_t count = transfer->count - static_cast<size_t>(request.offset);
    if (count > request.bytes)
        count = request.bytes;
    if (count > sizeof response.data.bytes)
        count = sizeof response.data.bytes;
    memcpy(response.data.bytes, transfer->bytes + request.offset, count);
    response.data.size = static_cast<pb_size_t>(count);
}

bool
FileTransfers::perform(const Request &request, Response &response)
{
    switch (request.which_op) {
    case rundown_rpc_Request_file_put_begin_tag:
        put_begin(request.op.file_put_begin, response);
        return true;
    case rundown_rpc_Request_file_put_chunk_tag:
        put_chunk(request.op.file_put_chunk, response);
        return true;
    case rundown_rpc_Request_file_put_end_tag:
        put_end(request.op.file_put_end, response);
        return true;
    case rundown_rpc_Request_file_get_begin_tag:
        get_begin(request.op.file_get_begin, response);
        return true;
    case rundown_rpc_Request_file_get_chunk_tag:
        get_chunk(request.op.file_get_chunk, response);
        return true;
    default:
        return false;
    }
}

} // namespace rundown::agent
