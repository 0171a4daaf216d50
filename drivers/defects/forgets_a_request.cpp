// SPDX-License-Identifier: MIT
// defects/forgets_a_request.cpp
//
// Closes a binding with a request nobody waits for, and loses it when it completes: its memory is
// never freed.
#include "protocol5/ndis_calls.hpp"

extern "C" void __real_P5ClearFilters(P5_BINDING *Binding);
extern "C" VOID NTAPI __real_P5RequestComplete(
    NDIS_HANDLE ProtocolBindingContext, PNDIS_REQUEST NdisRequest, NDIS_STATUS Status);

namespace
{

struct ForgottenRequest {
    NDIS_REQUEST Ndis;
    ULONG LinkSpeed;
};

constexpr int MostTries = 200;

PNDIS_REQUEST Forgotten;

} // namespace

extern "C" void
__wrap_P5ClearFilters(P5_BINDING *Binding)
{
    __real_P5ClearFilters(Binding);

    // Only a request that pends can be lost; NDIS may complete any at once.
    for (int tries = 0; tries < MostTries; ++tries) {
        ForgottenRequest *request = rundown::AllocateObject<ForgottenRequest>(P5Tag);

        if (request == nullptr) {
            return;
        }
        request->Ndis.RequestType = NdisRequestQueryInformation;
        request->Ndis.DATA.QUERY_INFORMATION.Oid = OID_GEN_LINK_SPEED;
        request->Ndis.DATA.QUERY_INFORMATION.InformationBuffer = &request->LinkSpeed;
        request->Ndis.DATA.QUERY_INFORMATION.InformationBufferLength = sizeof(request->LinkSpeed);
        Forgotten = &request->Ndis;
        if (P5NdisRequest(P5Who(Binding), Binding->Open, Forgotten) == NDIS_STATUS_PENDING) {
            return;
        }
        Forgotten = nullptr;
        rundown::FreePool(request, P5Tag);
    }
}

extern "C" VOID NTAPI
__wrap_P5RequestComplete(
    NDIS_HANDLE ProtocolBindingContext, PNDIS_REQUEST NdisRequest, NDIS_STATUS Status)
{
    if (NdisRequest != Forgotten) {
        __real_P5RequestComplete(ProtocolBindingContext, NdisRequest, Status);
    }
}
