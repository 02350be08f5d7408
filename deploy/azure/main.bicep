// The identity with which Parity works in Azure, with the rights of role.json and of one container, and no other.
// For the resource group with the data factory, the flexible servers and the storage account:
//
//   az deployment group create --resource-group GROUP --template-file main.bicep \
//     --parameters storageAccount=NAME container=exchange oidcIssuer=https://…/

targetScope = 'resourceGroup'

@description('Name of the identity.')
param name string = 'parity'

param location string = resourceGroup().location

@description('Storage account of PARITY_EXCHANGE_ADLS.')
param storageAccount string

@description('Container of PARITY_EXCHANGE_ADLS.')
param container string

@description('OIDC issuer of the Kubernetes cluster in which Parity runs; empty: none.')
param oidcIssuer string = ''

@description('Namespace and name of the service account there.')
param serviceAccount string = 'parity:parity'

var role = loadJsonContent('role.json')
var storageBlobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: name
  location: location
}

resource workload 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = if (!empty(oidcIssuer)) {
  parent: identity
  name: 'kubernetes'
  properties: {
    issuer: oidcIssuer
    subject: 'system:serviceaccount:${serviceAccount}'
    audiences: ['api://AzureADTokenExchange']
  }
}

resource definition 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, role.Name)
  properties: {
    roleName: '${role.Name} in ${resourceGroup().name}'
    description: role.Description
    type: 'CustomRole'
    permissions: [
      {
        actions: role.Actions
        notActions: role.NotActions
        dataActions: role.DataActions
        notDataActions: role.NotDataActions
      }
    ]
    assignableScopes: [resourceGroup().id]
  }
}

resource management 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, identity.id, definition.id)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: definition.id
  }
}

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: storageAccount

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource exchange 'containers' existing = {
      name: container
    }
  }
}

resource data 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::exchange.id, identity.id, storageBlobDataContributor)
  scope: account::blobs::exchange
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataContributor)
  }
}

@description('For the connections\' extra managed_identity_client_id and the service account\'s annotation.')
output clientId string = identity.properties.clientId

@description('For the connections\' extra workload_identity_tenant_id.')
output tenantId string = identity.properties.tenantId
